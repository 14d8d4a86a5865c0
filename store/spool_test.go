package store

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"letterbox/store/blob"
)

func TestSpool(t *testing.T) {
	t.Parallel()
	h := build(t)
	for _, size := range []int{0, 1, spoolMemory, spoolMemory + 1, 3*spoolMemory + 17} {
		whole := bytes.Repeat([]byte("0123456789abcde\n"), size/16+1)[:size]
		sp := h.NewSpool(int64(size))
		for rest := whole; len(rest) > 0; {
			n := min(len(rest), 7001)
			_, err := sp.Write(rest[:n])
			must(t, err)
			rest = rest[n:]
		}
		for range 2 {
			got, err := sp.Bytes()
			if err != nil || !bytes.Equal(got, whole) || sp.Size() != int64(size) {
				t.Errorf("%d bytes: %d came back (%v)", size, len(got), err)
			}
		}
		if n, err := sp.Write([]byte("x")); size > 0 && (n != 0 || !errors.Is(err, ErrTooLarge)) {
			t.Errorf("beyond the limit: %d (%v)", n, err)
		}
		left, err := os.ReadDir(filepath.Join(h.dir, "spool"))
		if err != nil || len(left) != 0 {
			t.Errorf("the folder shows %v (%v)", left, err)
		}
		must(t, sp.Close())
		must(t, sp.Close())
	}
}

func TestSpoolGrowsAfterBytes(t *testing.T) {
	t.Parallel()
	h := build(t)
	sp := h.NewSpool(0)
	defer sp.Close()
	var whole []byte
	for range 5 {
		part := bytes.Repeat([]byte("x"), spoolMemory/2)
		_, err := sp.Write(part)
		must(t, err)
		whole = append(whole, part...)
		if got, err := sp.Bytes(); err != nil || !bytes.Equal(got, whole) {
			t.Fatalf("%d of %d bytes (%v)", len(got), len(whole), err)
		}
	}
}

func TestOpenEmptiesTheSpool(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "spool"), 0o700))
	left := filepath.Join(dir, "spool", "spool-123")
	must(t, os.WriteFile(left, []byte("of a crash"), 0o600))
	h := start(t, dir, blob.Options{})
	defer h.stop()
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("still there: %v", err)
	}
}
