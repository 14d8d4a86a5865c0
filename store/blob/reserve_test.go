package blob

import (
	"testing"

	"golang.org/x/sys/unix"
)

// A pack that is being written has room behind its end; once it is closed the
// disk has that room back.
func TestReservedRoomIsGivenBack(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	small := body(1, 1000)
	if _, err := s.Put(t.Context(), Item{Body: small, Hash: Sum(small)}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var stat unix.Stat_t
	if err := unix.Stat(s.path(s.last), &stat); err != nil {
		t.Fatal(err)
	}
	if held := stat.Blocks * 512; held > reserveStep/2 {
		t.Errorf("a pack of %d bytes holds %d bytes of the disk", stat.Size, held)
	}
}
