package imapd

import (
	"testing"

	"github.com/emersion/go-imap/v2"
	"pgregory.net/rapid"
)

// Batches leave no uid out, and have as many messages as was asked for but for
// the last.
func TestBatch(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var uids []imap.UID
		for uid := imap.UID(1); len(uids) < rapid.IntRange(0, 40).Draw(t, "more"); uid++ {
			if rapid.Bool().Draw(t, "there") {
				uids = append(uids, uid)
			}
		}
		size := rapid.Int64Range(1, 10).Draw(t, "size")
		next, messages := imap.UID(0), 0
		for n := int64(1); ; n++ {
			high, low, ok := batch(uids, size, n)
			if !ok {
				break
			}
			if n == 1 && high != uids[len(uids)-1] || n > 1 && high != next {
				t.Fatalf("batch %d of %v begins with %d", n, uids, high)
			}
			in := 0
			for _, uid := range uids {
				if low <= uid && uid <= high {
					in++
				}
			}
			messages += in
			if int64(in) != size && low != 1 {
				t.Fatalf("batch %d of %v has %d messages", n, uids, in)
			}
			next = low - 1
		}
		if messages != len(uids) || len(uids) > 0 && next != 0 {
			t.Fatalf("batches of %v have %d messages and end above %d", uids, messages, next)
		}
	})
}

func TestCheckOffered(t *testing.T) {
	t.Parallel()
	for word, ok := range map[string]bool{
		"UIDONLY": true, "uidbatches": true, "MESSAGELIMIT=1": true, "savelimit=100": true,
		"MESSAGELIMIT": false, "MESSAGELIMIT=0": false, "MESSAGELIMIT=x": false, "UIDONLY=1": false, "QRESYNC": false, "": false,
	} {
		if err := CheckOffered(word); (err == nil) != ok {
			t.Errorf("%q: %v", word, err)
		}
	}
}
