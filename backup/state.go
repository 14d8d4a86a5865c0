package backup

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// What is remembered of the last snapshot at a target, so that the next one need
// not read it. It is a hint: what it names is used again only if it is still at
// the target, and without it everything is read anew.
type state struct {
	manifest Manifest
	chunks   []chunk // of the database
}

const (
	manifestFile = "manifest"
	digestFile   = "digests"
)

// loadState reads what is known of a repository; nothing, when that cannot be
// used.
func (k *Keeper) loadState(id string) *state {
	s := &state{}
	text, err := os.ReadFile(k.work(id, manifestFile))
	if err != nil {
		return s
	}
	m, err := parseManifest(text, nil)
	if err != nil {
		return s
	}
	s.manifest = *m
	digests, err := os.ReadFile(k.work(id, digestFile))
	if err != nil {
		return s
	}
	s.chunks = joinChunks(m, digests)
	return s
}

// joinChunks puts the digests beside the places; none when they do not belong
// together.
func joinChunks(m *Manifest, digests []byte) (chunks []chunk) {
	of, rest, _ := bytes.Cut(digests, []byte("\n"))
	f := m.file(databasePath)
	if string(of) != string(m.ID) || int64(len(rest)/len(digest{}))*chunkSize < f.Size {
		return nil
	}
	for _, e := range f.Extents {
		for off := int64(0); off < e.Length; off += chunkSize {
			c := chunk{digest: digest(rest[:len(digest{})]), place: e}
			c.place.Offset, c.place.Length = e.Offset+off, min(chunkSize, e.Length-off)
			chunks, rest = append(chunks, c), rest[len(digest{}):]
		}
	}
	return chunks
}

// saveState remembers a snapshot.
func (k *Keeper) saveState(id string, m *Manifest, chunks []chunk) error {
	text, err := m.encode(func(File) bool { return false }, nil)
	if err != nil {
		return err
	}
	digests := append([]byte(m.ID), '\n')
	for _, c := range chunks {
		digests = append(digests, c.digest[:]...)
	}
	if err := os.MkdirAll(k.work(id), 0o700); err != nil {
		return err
	}
	return errors.Join(writeHint(k.work(id, digestFile), digests), writeHint(k.work(id, manifestFile), text))
}

// tidy removes what a killed process left in the work folder.
func (k *Keeper) tidy() error {
	left, err := filepath.Glob(k.work(partPrefix + "*"))
	for _, path := range left {
		err = errors.Join(err, os.RemoveAll(path))
	}
	deeper, globErr := filepath.Glob(k.work("*", partPrefix+"*"))
	for _, path := range deeper {
		if e := os.Remove(path); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return errors.Join(err, globErr)
}
