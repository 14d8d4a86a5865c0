package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
	"letterbox/store/blob"
)

// A house is an open store with what stands below it.
type house struct {
	*Store
	db    *database.DB
	blobs *blob.Store
	dir   string
	t     testing.TB
}

// alice and bob have accounts in every house.
const (
	alice AccountID = 1
	bob   AccountID = 2
)

// build opens a store in a new folder; it is stopped with the test.
func build(t testing.TB) *house {
	t.Helper()
	h := start(t, t.TempDir(), blob.Options{})
	t.Cleanup(func() { h.stop() })
	for _, a := range []AccountID{alice, bob} {
		must(t, h.EnsureAccount(t.Context(), a))
	}
	return h
}

// start opens what lies in a folder.
func start(t testing.TB, dir string, o blob.Options) *house {
	t.Helper()
	h := &house{dir: dir, t: t}
	var err error
	h.db, err = database.Open(context.Background(), filepath.Join(dir, "letterbox.db"), database.Options{})
	must(t, err)
	h.blobs, err = blob.Open(filepath.Join(dir, "blobs"), o)
	must(t, err)
	h.Store, err = Open(context.Background(), Options{
		DB: h.db, Blobs: h.blobs, Spool: filepath.Join(dir, "spool"), Log: slog.New(slog.DiscardHandler),
		Address:     func(_ context.Context, a AccountID) string { return fmt.Sprintf("user%d@example.org", a) },
		imprintFrom: 1,
	})
	must(t, err)
	return h
}

func (h *house) stop() error {
	return errors.Join(h.Close(), h.blobs.Close(), h.db.Close())
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// box returns the id of a mailbox of alice.
func (h *house) box(name string) MailboxID {
	h.t.Helper()
	return h.boxOf(alice, name)
}

func (h *house) boxOf(a AccountID, name string) MailboxID {
	h.t.Helper()
	return h.row(a, name).ID
}

func (h *house) row(a AccountID, name string) *Mailbox {
	h.t.Helper()
	m, err := h.Mailbox(h.t.Context(), a, name)
	must(h.t, err)
	return m
}

// letter is a small message that differs by n.
func letter(n int) []byte {
	return fmt.Appendf(nil, "Message-ID: <%d@example.org>\r\nSubject: letter %d\r\n\r\nbody %d\r\n", n, n, n)
}

// fill appends n different letters to a mailbox in batches.
func (h *house) fill(m MailboxID, n int, flags ...imap.Flag) {
	h.t.Helper()
	var b Batch
	for i := range n {
		b.Messages = append(b.Messages, NewMessage{Mailbox: m, Raw: letter(i), Flags: flags, Received: time.Unix(int64(i), 0)})
		if len(b.Messages) == 500 || i == n-1 {
			_, err := h.Append(h.t.Context(), b)
			must(h.t, err)
			b = Batch{}
		}
	}
}

// put appends one message.
func (h *house) put(m MailboxID, raw []byte, flags ...imap.Flag) Added {
	h.t.Helper()
	added, err := h.Append(h.t.Context(), Batch{Messages: []NewMessage{{Mailbox: m, Raw: raw, Flags: flags}}})
	must(h.t, err)
	return added[0]
}

// raw reads a whole message.
func (h *house) raw(id MessageID) []byte {
	h.t.Helper()
	b, err := h.OpenBody(h.t.Context(), id)
	must(h.t, err)
	defer b.Close()
	var buf bytes.Buffer
	_, err = b.WriteTo(&buf)
	must(h.t, err)
	return buf.Bytes()
}

func (h *house) view(m MailboxID) *View {
	h.t.Helper()
	v, err := h.View(h.t.Context(), m)
	must(h.t, err)
	h.t.Cleanup(v.Close)
	return v
}

// count runs a query that yields a number.
func (h *house) count(query string, args ...any) (n int64) {
	h.t.Helper()
	must(h.t, h.db.Read(h.t.Context(), func(c *database.Conn) error {
		return c.QueryRow(query, args...).Scan(&n)
	}))
	return n
}

func uids(nums ...imap.UID) imap.UIDSet { return imap.UIDSetNum(nums...) }

func span(from, to imap.UID) imap.UIDSet { return imap.UIDSet{{Start: from, Stop: to}} }

func TestNewAccount(t *testing.T) {
	t.Parallel()
	h := build(t)
	must(t, h.EnsureAccount(t.Context(), alice)) // again
	list, dangling, err := h.Mailboxes(t.Context(), alice)
	must(t, err)
	var names []string
	for _, m := range list {
		names = append(names, m.Name+string(m.SpecialUse))
		if !m.Subscribed || m.Messages != 0 || m.UIDNext != 1 || m.ModSeq == 0 {
			t.Errorf("%+v", m)
		}
	}
	want := []string{"INBOX", `Archive\Archive`, `Drafts\Drafts`, `Junk\Junk`, `Sent\Sent`, `Trash\Trash`}
	if !slices.Equal(names, want) || len(dangling) != 0 {
		t.Errorf("mailboxes %q, dangling %q", names, dangling)
	}
}

func TestAppendAndRead(t *testing.T) {
	t.Parallel()
	h := build(t)
	in := h.box("INBOX")
	at := time.Date(2020, 2, 3, 4, 5, 6, 0, time.FixedZone("", -7*3600))
	prefix := []byte("List-Id: <us>\r\n")
	added, err := h.Append(t.Context(), Batch{Messages: []NewMessage{
		{Mailbox: in, Raw: letter(1), Prefix: prefix, Flags: []imap.Flag{`\seen`, "$Work", `\Recent`}, Received: at},
	}})
	must(t, err)
	if added[0].UID != 1 || added[0].Mailbox != in || added[0].UIDValidity != h.row(alice, "INBOX").UIDValidity {
		t.Errorf("%+v", added[0])
	}
	n := 0
	must(t, h.Rows(t.Context(), in, span(1, 9), WithHeader|WithParts|WithSaved, func(r *Row) error {
		n++
		if !r.Received.Equal(at) || r.Received.Format(time.RFC3339) != at.Format(time.RFC3339) {
			t.Errorf("received %v", r.Received)
		}
		if r.Size != int64(len(prefix)+len(letter(1))) || !bytes.Equal(r.Prefix, prefix) || r.Parts == nil || r.Message != added[0].Message {
			t.Errorf("%+v", r)
		}
		if string(r.Header) != "List-Id: <us>\r\nMessage-ID: <1@example.org>\r\nSubject: letter 1\r\n" {
			t.Errorf("header %q", r.Header)
		}
		return nil
	}))
	if n != 1 {
		t.Errorf("%d rows", n)
	}
	if got := h.raw(added[0].Message); !bytes.Equal(got, slices.Concat(prefix, letter(1))) {
		t.Errorf("body %q", got)
	}
	v := h.view(in)
	e, ok := v.Entry(1)
	if !ok || !slices.Equal(v.FlagNames(e.Flags), []imap.Flag{imap.FlagSeen, "$Work"}) {
		t.Errorf("%+v %v", e, v.FlagNames(e.Flags))
	}
}
