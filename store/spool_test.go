package store

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"

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

// A message whose size is known goes straight into its buffer; what is too much
// is refused, and what broke off says so.
func TestSpoolReads(t *testing.T) {
	t.Parallel()
	h := build(t)
	broken := errors.New("broken off")
	for _, limit := range []int{1, 100, spoolMemory, spoolMemory + 1} {
		for _, size := range []int{0, 1, limit - 1, limit, limit + 1, limit + 2} {
			whole := bytes.Repeat([]byte("x"), size)
			for name, r := range map[string]io.Reader{
				"all":      bytes.NewReader(whole),
				"by half":  iotest.HalfReader(bytes.NewReader(whole)),
				"with EOF": iotest.DataErrReader(bytes.NewReader(whole)),
			} {
				sp := h.NewSpool(int64(limit))
				_, err := io.Copy(sp, r)
				if size > limit {
					if !errors.Is(err, ErrTooLarge) {
						t.Errorf("%d of %d bytes, %s: %v", size, limit, name, err)
					}
				} else if got, _ := sp.Bytes(); err != nil || sp.Size() != int64(size) || !bytes.Equal(got, whole) {
					t.Errorf("%d of %d bytes, %s: %d, %v", size, limit, name, len(got), err)
				}
				must(t, sp.Close())
			}
			sp := h.NewSpool(int64(limit))
			if _, err := io.Copy(sp, io.MultiReader(bytes.NewReader(whole[:min(size, limit)]), iotest.ErrReader(broken))); !errors.Is(err, broken) {
				t.Errorf("%d of %d bytes: %v", size, limit, err)
			}
			must(t, sp.Close())
		}
	}
}
