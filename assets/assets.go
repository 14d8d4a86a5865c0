// Package assets holds what the pages load besides themselves: the style sheet,
// the script and the mark. Everything is part of the program; nothing comes from
// elsewhere.
//
// A file is served under a name with a hash of what is in it, so that browsers
// keep it for a year and never show an old one.
package assets

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"strings"
	"sync"
)

// Prefix is where Handler belongs.
const Prefix = "/assets/"

//go:embed files
var embedded embed.FS

// contentTypes of what may lie in files, by extension. The system's table of
// types is not asked: it differs between machines.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".webmanifest":
		return "application/manifest+json"
	}
	return "application/octet-stream"
}

type file struct {
	url           string
	kind          string
	plain, packed []byte
}

// files is read once, by name; it is part of the program.
var files = sync.OnceValue(func() map[string]*file {
	all := map[string]*file{}
	entries, err := embedded.ReadDir("files")
	if err != nil {
		panic(err)
	}
	for _, e := range entries {
		data, err := embedded.ReadFile(path.Join("files", e.Name()))
		if err != nil {
			panic(err)
		}
		all[e.Name()] = newFile(e.Name(), data)
	}
	return all
})

func newFile(name string, data []byte) *file {
	sum := sha256.Sum256(data)
	ext := path.Ext(name)
	f := &file{
		url:   fmt.Sprintf("%s%s-%s%s", Prefix, strings.TrimSuffix(name, ext), hex.EncodeToString(sum[:6]), ext),
		kind:  contentType(name),
		plain: data,
	}
	var packed bytes.Buffer
	w, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression) // a level that exists
	_, _ = w.Write(data)                                       // to memory
	_ = w.Close()
	if packed.Len() < len(data) {
		f.packed = packed.Bytes()
	}
	return f
}

// URL is where a file is served, such as "/assets/style-0123456789ab.css"; "" for
// one that is not there.
func URL(name string) string {
	if f := files()[name]; f != nil {
		return f.url
	}
	return ""
}

// Handler serves the files.
func Handler() http.Handler {
	byURL := map[string]*file{}
	for _, f := range files() {
		byURL[f.url] = f
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f := byURL[r.URL.Path]
		if f == nil {
			http.NotFound(w, r)
			return
		}
		h, data := w.Header(), f.plain
		h.Set("Content-Type", f.kind)
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("Vary", "Accept-Encoding")
		h.Set("X-Content-Type-Options", "nosniff")
		if f.packed != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			data = f.packed
		}
		_, _ = w.Write(data) // the browser may have gone
	})
}
