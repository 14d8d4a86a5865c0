package message

import (
	"bytes"
	"compress/gzip"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// corpus returns real mail, CRLF; the test is skipped where there is none.
func corpus(t *testing.T) map[string][]byte {
	t.Helper()
	dir := os.Getenv("LETTERBOX_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "corpus")
	}
	all := make(map[string][]byte)
	files, _ := filepath.Glob(filepath.Join(dir, "eml", "*.eml"))
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(file)] = raw
	}
	for _, name := range []string{"ham.mbox.gz", "spam.mbox.gz"} {
		for i, raw := range mbox(t, filepath.Join(dir, name)) {
			all[name+string(rune('0'+i%10))+string(rune('0'+i/10%10))+string(rune('0'+i/100%10))+string(rune('0'+i/1000))] = raw
		}
	}
	if len(all) == 0 {
		t.Skipf("no mail in %s (LETTERBOX_CORPUS)", dir)
	}
	return all
}

func mbox(t *testing.T, name string) (messages [][]byte) {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		return nil
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(unzipped)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range strings.Split("\n"+string(all), "\nFrom ")[1:] {
		_, raw, _ := strings.Cut(part, "\n")
		messages = append(messages, unix(raw))
	}
	return messages
}

func TestCorpus(t *testing.T) {
	t.Parallel()
	compared := 0
	for name, raw := range corpus(t) {
		t.Run(name, func(t *testing.T) {
			check(t, raw)
			if comparePlainParts(t, raw) {
				compared++
			}
		})
	}
	if compared < 50 {
		t.Errorf("only %d multiparts were compared with the standard library's reading", compared)
	}
}

// comparePlainParts compares the bodies of a multipart's parts with what
// mime/multipart reads, where that can read it to the end.
func comparePlainParts(t *testing.T, raw []byte) bool {
	t.Helper()
	theirs, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return false
	}
	kind, params, err := mime.ParseMediaType(theirs.Header.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(kind, "multipart/") || strings.TrimRight(params["boundary"], " ") != params["boundary"] {
		return false
	}
	var bodies [][]byte
	parts := multipart.NewReader(theirs.Body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return false
		}
		body, err := io.ReadAll(part)
		if err != nil {
			return false
		}
		bodies = append(bodies, body)
	}
	ours := Parse(raw).Root
	if len(bodies) == 0 || len(ours.Children) != len(bodies) {
		t.Errorf("%d parts, mime/multipart finds %d", len(ours.Children), len(bodies))
		return true
	}
	for i, p := range ours.Children {
		if !bytes.Equal(raw[p.Body:p.End], bodies[i]) {
			t.Errorf("part %d is %.200q, mime/multipart reads %.200q", i+1, raw[p.Body:p.End], bodies[i])
		}
	}
	return true
}

// FuzzDecodePart: damaged trees are refused, and what is accepted is a tree.
func FuzzDecodePart(f *testing.F) {
	f.Add(Parse(unix(nested)).Root.AppendBinary(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := DecodePart(b)
		if err != nil {
			return
		}
		again, err := DecodePart(p.AppendBinary(nil))
		if err != nil || len(again.Children) != len(p.Children) {
			t.Fatalf("%v: %+v", err, p)
		}
		_ = WriteText(io.Discard, []byte("short"), p, false)
	})
}

// FuzzFilterHeader: the fields named and the others together are the header.
func FuzzFilterHeader(f *testing.F) {
	f.Add([]byte("A: 1\r\nB: 2\r\n 3\r\nA: 4\r\n\r\n"), "a")
	f.Fuzz(func(t *testing.T, header []byte, name string) {
		with := FilterHeader(nil, header, []string{name}, false)
		without := FilterHeader(nil, header, []string{name}, true)
		n := 0
		for range fields(header) {
			n++
		}
		both := 0
		for range fields(with) {
			both++
		}
		for range fields(without) {
			both++
		}
		if both != n || !bytes.HasSuffix(with, []byte("\r\n")) {
			t.Fatalf("%d fields, filtered into %d: %q %q", n, both, with, without)
		}
		HeaderValues(header, name)
	})
}
