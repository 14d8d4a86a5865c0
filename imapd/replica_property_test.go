package imapd

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"letterbox/store"
	"pgregory.net/rapid"
)

// Several clients, each with its dialect, change one mailbox by turns, leave
// without a word and come back. The picture that each keeps from untagged
// responses alone equals the mailbox whenever it has asked with NOOP.
func TestReplicasEqualTheMailbox(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	address, _ := h.serve(t, Config{PlaintextLoopback: true, Offered: []string{"UIDONLY"}})
	names := slices.Sorted(maps.Keys(dialects()))
	var serial atomic.Int64
	rapid.Check(t, func(t *rapid.T) {
		mailbox := fmt.Sprintf("m%d", serial.Add(1))
		box, err := h.store.CreateMailbox(context.Background(), annaID, mailbox, "")
		if err != nil {
			t.Fatal(err)
		}
		defer h.store.DeleteMailbox(context.Background(), annaID, mailbox)
		var clients []*replica
		for i := range 3 {
			name := rapid.SampledFrom(names).Draw(t, "dialect")
			c := &replica{
				t: t, name: fmt.Sprintf("%d %s", i, name), address: address, dialect: dialects()[name],
				user: annaAddress, password: annaPassword, mailbox: mailbox,
			}
			clients = append(clients, c)
			defer c.kill()
		}
		w := &waiter{h.store, box.ID}
		for _, c := range clients {
			c.connect()
		}
		clients[0].do("APPEND " + mailbox + strings.Repeat(" {4+}\r\nabc\n", 5))
		for range rapid.IntRange(5, 40).Draw(t, "steps") {
			c := clients[rapid.IntRange(0, len(clients)-1).Draw(t, "client")]
			if c.conn == nil {
				c.connect()
			} else {
				c.turn(t)
			}
			if rapid.IntRange(0, 3).Draw(t, "look") == 0 {
				w.compare(t, c)
			}
			if t.Failed() {
				return
			}
		}
		for _, c := range clients {
			if c.conn == nil {
				c.connect()
			}
			w.compare(t, c)
		}
	})
}

const annaID = store.AccountID(1)

// turn sends one command at random.
func (c *replica) turn(t *rapid.T) {
	uid := func(label string) int { return rapid.IntRange(1, 7).Draw(t, label) }
	first := uid("first")
	last := first + rapid.IntRange(0, 3).Draw(t, "more")
	change := silentStore{
		sign: rapid.SampledFrom([]string{"+", "-", ""}).Draw(t, "sign"),
		flag: rapid.SampledFrom([]string{`\Deleted`, `\Flagged`, `\Seen`, "$Todo"}).Draw(t, "flag"),
	}
	byNumber := !c.uidOnly && !strings.HasPrefix(c.notify, "SET (SELECTED ") && len(c.list) > 0
	number := func() int { return rapid.IntRange(1, len(c.list)).Draw(t, "number") }
	switch rapid.IntRange(0, 19).Draw(t, "command") {
	case 0:
		const message = "Subject: hello\r\n\r\nHello.\r\n"
		c.do("APPEND " + c.mailbox + strings.Repeat(fmt.Sprintf(" (%s) {%d+}\r\n%s", change.flag, len(message), message), 1+first%3))
	case 1, 2, 3:
		c.do(fmt.Sprintf("UID STORE %d:%d %sFLAGS (%s)", first, last, change.sign, change.flag))
	case 4, 5, 6, 7:
		c.storeSilent(first, last, change, nil)
	case 8, 9:
		if c.condstore {
			since := rapid.Uint64Range(0, 3).Draw(t, "back")
			since = c.highest + 1 - min(since, c.highest)
			c.storeSilent(first, last, change, &since)
		}
	case 10, 11:
		if byNumber {
			c.do(fmt.Sprintf("STORE %d %sFLAGS (%s)", number(), change.sign, change.flag))
		}
	case 12:
		if byNumber {
			c.do(fmt.Sprintf("FETCH %d (UID FLAGS BODY[])", number()))
		} else {
			c.do(fmt.Sprintf("UID FETCH %d:%d (FLAGS BODY[])", first, last))
		}
	case 13:
		c.do("EXPUNGE")
	case 14:
		c.do(fmt.Sprintf("UID EXPUNGE %d:%d", first, last))
	case 15:
		c.do(fmt.Sprintf("UID %s %d:%d %s", rapid.SampledFrom([]string{"COPY", "MOVE"}).Draw(t, "verb"), first, last,
			rapid.SampledFrom([]string{c.mailbox, "Archive"}).Draw(t, "to")))
	case 16:
		c.do("IDLE")
	case 17:
		c.sel()
	case 18:
		c.kill()
	case 19:
		if byNumber { // expunges are held back, and the client leaves
			c.do(fmt.Sprintf("STORE %d %sFLAGS (%s)", number(), change.sign, change.flag))
			c.kill()
		}
	}
}

// A waiter knows the truth about a mailbox.
type waiter struct {
	store *store.Store
	id    store.MailboxID
}

func (w *waiter) truth(t interface{ Fatal(...any) }) []replicated {
	view, err := w.store.View(context.Background(), w.id)
	if err != nil {
		t.Fatal(err)
	}
	defer view.Close()
	var all []replicated
	for _, e := range view.Entries(nil, view.Snapshot().UIDs) {
		var names []string
		for _, f := range view.FlagNames(e.Flags) {
			names = append(names, string(f))
		}
		all = append(all, replicated{int(e.UID), sortedFlags(strings.Join(names, " "))})
	}
	return all
}

// compare asks with NOOP, fetches what is new, and compares.
func (w *waiter) compare(t interface {
	Fatal(...any)
	Errorf(string, ...any)
}, c *replica) {
	if c.conn == nil {
		return
	}
	if !c.do("NOOP") || !c.complete() {
		t.Errorf("%s: the connection broke off", c.name)
		return
	}
	if want := w.truth(t); !slices.Equal(c.known(), want) || c.total() != len(want) {
		t.Errorf("%s: the picture is %v (%d), the mailbox %v", c.name, c.known(), c.total(), want)
	}
}
