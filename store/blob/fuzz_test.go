package blob

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A hasty file layer flushes nothing.
type hasty struct{ OS }

type hastyFile struct{ File }

func (hastyFile) Sync() error          { return nil }
func (hasty) SyncDir(dir string) error { return nil }

func (h hasty) OpenFile(name string, flag int, perm uint32) (File, error) {
	f, err := h.OS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return hastyFile{f}, nil
}

// seedPack is a pack with a whole body, a framed one, a note and a body without
// descriptions.
func seedPack(f *testing.F) []byte {
	dir := f.TempDir()
	s, err := Open(dir, Options{})
	if err != nil {
		f.Fatal(err)
	}
	meta := []Meta{
		{Account: "a@x", Mailbox: "INBOX", Received: time.Unix(1e9, 0), Prefix: []byte("X: y\r\n"), Flags: `\Seen`},
		{Account: "b@x", Mailbox: "Sent"},
	}
	small, large := []byte("small"), bytes.Repeat([]byte("large"), frameAbove/4)
	_, err = s.Put(f.Context(),
		Item{Body: small, Hash: Sum(small), Meta: meta},
		Item{Body: large, Hash: Sum(large)},
		Item{Hash: Sum(small), Meta: meta[1:]})
	if err != nil {
		f.Fatal(err)
	}
	if err := s.Close(); err != nil {
		f.Fatal(err)
	}
	pack, err := os.ReadFile(filepath.Join(dir, "0000000001.pack"))
	if err != nil {
		f.Fatal(err)
	}
	return pack
}

// FuzzPack opens anything as a pack. Whatever Scan finds can be read or is told
// to be damaged, what is read has the hash that it is known by, a second look
// finds the same, and a body can be added behind it.
func FuzzPack(f *testing.F) {
	pack := seedPack(f)
	f.Add(pack)
	f.Add(pack[:len(pack)-20])
	f.Add(append(bytes.Clone(pack), pack[len(packMagic):]...))
	f.Add([]byte{})
	f.Add(packMagic)
	f.Fuzz(func(t *testing.T, raw []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "0000000001.pack"), raw, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(dir, Options{FS: hasty{}})
		if err != nil {
			return // refused, with an error
		}
		defer s.Close()
		first := readAll(t, s)
		body := []byte("one more")
		at, err := s.Put(t.Context(), Item{Body: body, Hash: Sum(body)})
		if err != nil {
			t.Fatal(err)
		}
		if got := get(t, s, at[0], Sum(body)); !bytes.Equal(got, body) {
			t.Fatalf("%q came back as %q", body, got)
		}
		if again := readAll(t, s); again != first+1 {
			t.Fatalf("%d records, then one more, then %d", first, again)
		}
	})
}

// readAll reads every body that Scan finds and returns how many records there
// are. A lying length must not make it allocate what is not there.
func readAll(t *testing.T, s *Store) (records int) {
	s.Scan(t.Context(), func(r Record) error {
		records++
		if r.Note || r.Size > 64<<20 {
			return nil
		}
		reader, err := s.Open(r.Location, r.Hash)
		if err != nil {
			return nil
		}
		defer reader.Close()
		var body bytes.Buffer
		n, err := reader.WriteTo(&body)
		if err == nil && n != r.Size {
			t.Errorf("a body of %d bytes has %d", r.Size, n)
		}
		return nil
	})
	err := s.Scrub(t.Context(), func(Record, error) {})
	_ = err // damage is what this is about
	return records
}
