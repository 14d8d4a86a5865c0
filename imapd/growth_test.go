package imapd

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"letterbox/store"
)

// mallocs returns how many allocations the process makes while fn runs. Only in
// tests that run alone.
func mallocs(fn func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return after.Mallocs - before.Mallocs
}

// stock fills two mailboxes of anna's, one twenty times as large as the other.
func stock(t *testing.T, h *house) (small, large string) {
	for name, n := range map[string]int{"Drafts": 100, "Archive": 2000} {
		box, err := h.store.Mailbox(t.Context(), h.account(t, annaAddress), name)
		check(t, err)
		batch := make([]store.NewMessage, n)
		for i := range batch {
			batch[i] = store.NewMessage{Mailbox: box.ID, Raw: fmt.Appendf(nil, "Subject: %d\r\nFrom: a@example.org\r\n\r\nText %d.\r\n", i, i)}
		}
		_, err = h.store.Append(t.Context(), store.Batch{Messages: batch})
		check(t, err)
	}
	check(t, h.store.IndexNow(t.Context(), h.account(t, annaAddress)))
	return "Drafts", "Archive"
}

// What a client does all day takes as much work in a large mailbox as in a small
// one.
func TestWorkDoesNotGrowWithTheMailbox(t *testing.T) {
	h := newHouse(t)
	small, large := stock(t, h)
	conn := h.bare(t)
	work := func(mailbox, command string) uint64 {
		conn.command(t, "SELECT "+mailbox)
		conn.drain(t, command) // what is made once
		least := mallocs(func() { conn.drain(t, command) })
		for range 4 { // what others do behind must not count
			least = min(least, mallocs(func() { conn.drain(t, command) }))
		}
		return least
	}
	for _, command := range []string{
		"SELECT MAILBOX", "NOOP", "STATUS MAILBOX (MESSAGES UNSEEN)",
		"FETCH * (UID FLAGS ENVELOPE)", "FETCH * (BODY.PEEK[])", "UID FETCH 100 (FLAGS)",
		"STORE * +FLAGS (\\Flagged)", "STORE * -FLAGS (\\Flagged)", "COPY * INBOX",
		"APPEND MAILBOX {14+}\r\nSubject: x\r\n\r\n",
	} {
		in := func(mailbox string) uint64 { return work(mailbox, strings.ReplaceAll(command, "MAILBOX", mailbox)) }
		few, many := in(small), in(large)
		if many > few+few/4+20 {
			t.Errorf("%q: %d allocations in a small mailbox, %d in a large one", command, few, many)
		}
	}
}

// A FETCH of many messages allocates little for each.
func TestFetchAllocatesLittle(t *testing.T) {
	h := newHouse(t)
	small, large := stock(t, h)
	conn := h.bare(t)
	for _, test := range []struct {
		items string
		each  float64
	}{
		{"(UID FLAGS)", 0.05},
		{"(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)", 10},
		{"(BODY.PEEK[HEADER.FIELDS (FROM SUBJECT)])", 8},
		{"(BODY.PEEK[])", 20},
	} {
		cost := func(mailbox string) float64 {
			conn.command(t, "SELECT "+mailbox)
			conn.drain(t, "FETCH 1:* "+test.items)
			return float64(mallocs(func() { conn.drain(t, "FETCH 1:* "+test.items) }))
		}
		if each := (cost(large) - cost(small)) / 1900; each > test.each {
			t.Errorf("FETCH %s: %.2f allocations for each message", test.items, each)
		} else {
			t.Logf("FETCH %s: %.2f allocations for each message", test.items, each)
		}
	}
}
