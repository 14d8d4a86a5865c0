package store

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
	"letterbox/store/blob"
)

// smallDisk mounts a file system of so many MB for the test.
func smallDisk(t *testing.T, mb string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("mounting a small disk needs root")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+mb+"m"); err != nil {
		t.Skipf("mounting is not allowed here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// TestFullDisk fills a small disk: mail is refused while the reserve is left,
// and when others have used that up too, expunging works all the same. When
// there is room again, mail is taken again.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t, "192")
	const reserve = 32 << 20
	h := start(t, dir, blob.Options{MaxPack: 8 << 20})
	defer func() { must(t, h.stop()) }()
	h.room = newRoom(dir, reserve)
	must(t, h.EnsureAccount(t.Context(), alice))
	in := h.box("INBOX")

	kept := 0
	var err error
	for ; kept < 1000; kept++ {
		raw := append([]byte("Subject: noise\r\nContent-Type: application/octet-stream\r\n\r\n"), noise(kept)...)
		if _, err = h.Append(t.Context(), Batch{Messages: []NewMessage{{Mailbox: in, Raw: raw}}}); err != nil {
			break
		}
	}
	if !errors.Is(err, ErrFull) || kept < 50 {
		t.Fatalf("after %d messages: %v", kept, err)
	}
	if _, free, err := DiskSpace(dir); err != nil || free < reserve*9/10 {
		t.Errorf("%d bytes are free, want the reserve; %v", free, err)
	}
	if !h.room.loaded {
		t.Error("there is no ballast")
	}

	other := filepath.Join(dir, "others")
	fillUp(t, other)
	h.set(in, span(1, imap.UID(kept)), imap.StoreFlagsAdd, imap.FlagDeleted)
	gone, _, err := h.Expunge(t.Context(), in, nil)
	if n := h.row(alice, "INBOX").Messages; err != nil || n != 0 {
		t.Fatalf("expunging on a full disk: %d of %d left, %v, %v", n, kept, gone, err)
	}

	must(t, os.Remove(other))
	must(t, h.Sweep(t.Context(), 0))
	h.put(in, letter(1))
	h.put(in, letter(2))
	if !h.room.loaded {
		t.Error("there is no ballast again")
	}
	must(t, h.db.Check(t.Context()))
}

// noise is a megabyte that does not compress and differs by n.
func noise(n int) []byte {
	b := make([]byte, 1<<20)
	x := uint64(n)*2862933555777941757 + 3037000493
	for i := range b {
		x = x*6364136223846793005 + 1442695040888963407
		b[i] = byte(x>>56)&0x3f + ' '
	}
	return b
}

// fillUp writes a file until nothing more goes onto the disk.
func fillUp(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	must(t, err)
	defer f.Close()
	for piece := 1 << 20; piece > 0; {
		if _, err := f.Write(make([]byte, piece)); err != nil {
			piece /= 2
		}
	}
}

// TestNoRoomIsSaidByName keeps the two ways in which a full disk shows apart
// from each other no further than callers need.
func TestNoRoomIsSaidByName(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.room = newRoom(h.dir, 1<<60)
	_, err := h.Append(t.Context(), Batch{Messages: []NewMessage{{Mailbox: h.box("INBOX"), Raw: letter(1)}}})
	if !errors.Is(err, ErrFull) || !errors.Is(err, database.ErrFull) {
		t.Error(err)
	}
	if n := h.row(alice, "INBOX").Messages; n != 0 {
		t.Errorf("%d messages were taken", n)
	}
}
