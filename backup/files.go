package backup

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Names in the data folder that backup knows: the database and the packs are
// copied in their own ways.
const (
	databasePath = "letterbox.db"
	blobFolder   = "blobs"
	configFile   = "letterbox.toml"
)

// leftOut says what of the data folder is in no snapshot: what is copied
// otherwise, what can be made again (search indexes), what may be lost (telemetry,
// the trace of messages), what is on its way or only takes up room, the database of
// before an update, of which there is a snapshot, and the snapshots themselves.
func leftOut(name string) bool {
	for _, file := range []string{databasePath, "telemetry.db", "trace.db"} {
		if strings.HasPrefix(name, file) {
			return true
		}
	}
	switch name {
	case blobFolder, "search", "spool", "snapshots", "ballast", Work, "lock", "control.sock", "lost+found":
		return true
	}
	if inside, ok := strings.CutPrefix(name, "upgrades/"); ok {
		return !strings.HasPrefix(inside, "since-") // mail that an older program could not read
	}
	return strings.HasPrefix(name, "salvage-") || strings.HasPrefix(name, partPrefix)
}

// A filer puts small files into bundles, many in one.
type filer struct {
	upload *upload
	files  []File
	bundle []byte
	open   int // files from this one on have stretches in bundle, which has no name yet
}

// storeFiles copies every other regular file of the data folder: keys,
// certificates, the configuration, also one that lies elsewhere.
func storeFiles(u *upload, folder, config string) ([]File, error) {
	f := &filer{upload: u, bundle: u.buffer()}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // gone meanwhile
		}
		if err != nil || path == folder {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		switch {
		case leftOut(name) && entry.IsDir():
			return fs.SkipDir
		case name == configFile && config != "" && config != path:
			return nil // another one is used
		case leftOut(name) || !entry.Type().IsRegular() || !safePath(name):
			return nil
		}
		return f.add(path, name)
	})
	if err == nil && config != "" && config != filepath.Join(folder, configFile) {
		err = f.add(config, configFile)
	}
	if err == nil {
		err = f.flush()
	}
	return f.files, err
}

// add copies one file.
func (f *filer) add(path, name string) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	f.files = append(f.files, File{Path: name})
	for {
		at := len(f.bundle)
		n, err := io.ReadFull(file, f.bundle[at:cap(f.bundle)])
		f.bundle = f.bundle[:at+n]
		if n > 0 {
			one := &f.files[len(f.files)-1]
			one.Size += int64(n)
			one.Extents = append(one.Extents, Extent{Offset: int64(at), Length: int64(n)})
		}
		if len(f.bundle) == cap(f.bundle) {
			if err := f.flush(); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// flush writes the bundle and names it in the files that have a part in it.
func (f *filer) flush() error {
	if len(f.bundle) == 0 {
		return nil
	}
	size := int64(len(f.bundle))
	name, err := f.upload.put(f.bundle)
	for i := f.open; i < len(f.files); i++ {
		for j := range f.files[i].Extents {
			if e := &f.files[i].Extents[j]; e.Size == 0 {
				e.Bundle, e.Size = name, size
			}
		}
	}
	f.open, f.bundle = max(len(f.files)-1, 0), f.upload.buffer()
	return err
}
