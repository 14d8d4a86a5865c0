package trace

import (
	"database/sql"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func open(t *testing.T, path string, o Options) *Journal {
	t.Helper()
	j, err := Open(t.Context(), path, o)
	check(t, err)
	t.Cleanup(func() { check(t, j.Close()) })
	return j
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func find(t *testing.T, j *Journal, q Query) []Trace {
	t.Helper()
	found, err := j.Find(t.Context(), q)
	check(t, err)
	return found
}

// names are the traces that a query finds, in its order.
func names(t *testing.T, j *Journal, q Query) string {
	t.Helper()
	var all []string
	for _, trace := range find(t, j, q) {
		all = append(all, trace.ID)
	}
	return strings.Join(all, " ")
}

func file(t *testing.T) string { return filepath.Join(t.TempDir(), "trace.db") }

// TestFind looks for messages in every way.
func TestFind(t *testing.T) {
	t.Parallel()
	j := open(t, file(t), Options{})
	monday := time.Now().Add(-24 * time.Hour)
	j.Record(Event{Trace: "A", At: monday, Kind: Received, Sender: "Carl@example.net", MessageID: "1@example.net", Remote: netip.MustParseAddr("192.0.2.1"), Notes: []Note{{"spf", "pass"}}})
	j.Record(Event{Trace: "A", At: monday, Kind: Delivered, Recipient: "anna@example.org", Account: 1, Folder: "INBOX"})
	j.Record(Event{Trace: "B", At: monday.Add(time.Hour), Kind: Refused, Sender: "eve@example.com", Recipient: "Anna@example.org", Reply: "550 5.7.1 no"})
	j.Record(Event{Trace: "C", Kind: Received, Sender: "anna@example.org", Account: 1})
	for _, test := range []struct {
		q    Query
		want string
	}{
		{Query{}, "C B A"},
		{Query{Limit: 2}, "C B"},
		{Query{Address: "carl@EXAMPLE.net"}, "A"},
		{Query{Address: "anna@example.org"}, "C B A"},
		{Query{Address: "anna@example.org", Account: 1}, "C B A"},
		{Query{Account: 1}, "C A"},
		{Query{MessageID: "<1@example.net>"}, "A"},
		{Query{MessageID: "2@example.net"}, ""},
		{Query{Trace: "B"}, "B"},
		{Query{Since: monday.Add(time.Minute)}, "C B"},
		{Query{Until: monday.Add(time.Minute)}, "A"},
		{Query{Address: "anna@example.org", Since: monday.Add(2 * time.Hour)}, "C"},
		{Query{Viewer: 2}, ""},
	} {
		if got := names(t, j, test.q); got != test.want {
			t.Errorf("%+v finds %q, want %q", test.q, got, test.want)
		}
	}
	a := find(t, j, Query{Trace: "A"})[0].Events
	if len(a) != 2 || a[0].Notes[0] != (Note{"spf", "pass"}) || a[0].Remote.String() != "192.0.2.1" || a[1].Folder != "INBOX" {
		t.Errorf("kept: %+v", a)
	}
}

// TestViewer shows everybody their own, and nobody the secret recipients of what
// they received.
func TestViewer(t *testing.T) {
	t.Parallel()
	j := open(t, file(t), Options{})
	j.Record(Event{Trace: "A", Kind: Received, Sender: "anna@example.org", Account: 1, Remote: netip.MustParseAddr("192.0.2.1"), Helo: "annas-laptop"})
	j.Record(Event{Trace: "A", Kind: Delivered, Recipient: "ben@example.org", Account: 2})
	j.Record(Event{Trace: "A", Kind: Delivered, Recipient: "secret@example.org", Account: 3})
	j.Record(Event{Trace: "A", Kind: Sent, Recipient: "carl@example.net", Account: 1})
	for viewer, want := range map[int64]string{
		0: "received() delivered(ben@example.org) delivered(secret@example.org) sent(carl@example.net) 192.0.2.1 annas-laptop",
		1: "received() delivered(ben@example.org) delivered(secret@example.org) sent(carl@example.net) 192.0.2.1 annas-laptop",
		2: "received() delivered(ben@example.org) invalid IP ",
		3: "received() delivered(secret@example.org) invalid IP ",
	} {
		var got string
		events := find(t, j, Query{Viewer: viewer})[0].Events
		for _, e := range events {
			got += fmt.Sprintf("%s(%s) ", e.Kind, e.Recipient)
		}
		if got += fmt.Sprintf("%v %s", events[0].Remote, events[0].Helo); got != want {
			t.Errorf("%d sees %q, want %q", viewer, got, want)
		}
	}
}

// TestViewerPassesOn shows who passes mail on what becomes of it there, and nothing of
// what others do.
func TestViewerPassesOn(t *testing.T) {
	t.Parallel()
	j := open(t, file(t), Options{})
	j.Record(Event{Trace: "A", Kind: Received, Sender: "carl@example.net"})
	j.Record(Event{Trace: "A", Kind: Queued, Account: 1, Recipient: "anna@far.example"})
	j.Record(Event{Trace: "A", Kind: Delivered, Account: 2, Recipient: "ben@example.org"})
	j.Record(Event{Trace: "A", Kind: Queued, Account: 2, Recipient: "ben@far.example"})
	j.Record(Event{Trace: "A", Kind: Deferred, Recipient: "anna@far.example"})
	j.Record(Event{Trace: "A", Kind: Sent, Recipient: "ben@far.example"})
	j.Record(Event{Trace: "A", Kind: Sent, Recipient: "anna@far.example"})
	for viewer, want := range map[int64]string{
		1: "received() queued(anna@far.example) deferred(anna@far.example) sent(anna@far.example) ",
		2: "received() delivered(ben@example.org) queued(ben@far.example) sent(ben@far.example) ",
	} {
		var got string
		for _, e := range find(t, j, Query{Viewer: viewer})[0].Events {
			got += fmt.Sprintf("%s(%s) ", e.Kind, e.Recipient)
		}
		if got != want {
			t.Errorf("%d sees %q, want %q", viewer, got, want)
		}
	}
}

// TestKept survives closing and opening, but not for ever.
func TestKept(t *testing.T) {
	t.Parallel()
	path := file(t)
	now := time.Now()
	clock := func() time.Time { return now }
	j := open(t, path, Options{Now: clock})
	j.Record(Event{Trace: "old", At: now.Add(-29 * 24 * time.Hour), Kind: Received})
	j.Record(Event{Trace: "new", Kind: Received})
	check(t, j.Close())
	if got := names(t, open(t, path, Options{Now: clock}), Query{}); got != "new old" {
		t.Errorf("after closing: %q", got)
	}
	now = now.Add(2 * 24 * time.Hour)
	if got := names(t, open(t, path, Options{Now: clock}), Query{}); got != "new" {
		t.Errorf("two days later: %q", got)
	}
}

// TestBounded gives up the oldest events when there are too many.
func TestBounded(t *testing.T) {
	t.Parallel()
	path := file(t)
	const limit, rows = 1 << 20, 12_000
	j := open(t, path, Options{Bytes: limit})
	for i := range rows {
		j.Record(Event{Trace: fmt.Sprint(i), Kind: Received, Sender: "carl@example.net", Helo: strings.Repeat("x", 300)})
		if i%1000 == 0 {
			check(t, j.Flush(t.Context()))
		}
	}
	check(t, j.Close())
	j = open(t, path, Options{Bytes: limit})
	check(t, j.Flush(t.Context()))
	used, err := j.used()
	check(t, err)
	if used > limit {
		t.Errorf("%d bytes are used", used)
	}
	if got := names(t, j, Query{Limit: 1}); got != fmt.Sprint(rows-1) {
		t.Errorf("the latest is %s", got)
	}
	if got := names(t, j, Query{Trace: "0"}); got != "" {
		t.Error("the oldest is there")
	}
}

// TestLongTexts keeps what strangers write short, and readable.
func TestLongTexts(t *testing.T) {
	t.Parallel()
	j := open(t, file(t), Options{})
	j.Record(Event{Trace: "A", Kind: Refused, Sender: strings.Repeat("ä", 1000), Helo: "\xff\xfe", Notes: make([]Note, 1000)})
	e := find(t, j, Query{})[0].Events[0]
	if len(e.Sender) > maxText || e.Helo != "?" || len(e.Notes) > maxNotes {
		t.Errorf("kept: %d bytes of sender, %q, %d notes", len(e.Sender), e.Helo, len(e.Notes))
	}
}

// TestNeverWaits records more than the buffer holds while the writer is held up:
// nothing blocks, and what did not fit is counted.
func TestNeverWaits(t *testing.T) {
	t.Parallel()
	j := &Journal{options: Options{Now: time.Now}, events: make(chan Event, buffered)} // no writer at all
	for range buffered + 10 {
		j.Record(Event{Kind: Received})
	}
	if j.Dropped() != 10 {
		t.Errorf("%d dropped, want 10", j.Dropped())
	}
}

// TestFlood keeps a network that is refused again and again from pushing out
// everybody else's history.
func TestFlood(t *testing.T) {
	t.Parallel()
	j := open(t, file(t), Options{})
	now := time.Now()
	for i := range 3 * floodLimit {
		j.Record(Event{Trace: "guesser", At: now, Kind: Refused, Remote: netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})})
	}
	j.Record(Event{Trace: "other", At: now, Kind: Refused, Remote: netip.MustParseAddr("198.51.100.1")})
	j.Record(Event{Trace: "later", At: now.Add(time.Hour), Kind: Refused, Remote: netip.MustParseAddr("192.0.2.1")})
	if got := len(find(t, j, Query{Trace: "guesser"})[0].Events); got != floodLimit {
		t.Errorf("%d of the guesser's are kept", got)
	}
	if got := names(t, j, Query{}); got != "later other guesser" {
		t.Errorf("found: %q", got)
	}
}

// TestDamage begins anew where the file is of no use, when it is opened and while
// it is open.
func TestDamage(t *testing.T) {
	t.Parallel()
	path := file(t)
	check(t, os.WriteFile(path, []byte(strings.Repeat("no database ", 1000)), 0o600))
	j := open(t, path, Options{})
	j.Record(Event{Trace: "A", Kind: Received})
	if got := names(t, j, Query{}); got != "A" {
		t.Errorf("after damage: %q", got)
	}
	check(t, j.Close())
	db, err := sql.Open("sqlite", path)
	check(t, err)
	_, err = db.Exec(`PRAGMA user_version = 99`)
	check(t, err)
	check(t, db.Close())
	if got := names(t, open(t, path, Options{}), Query{}); got != "" {
		t.Errorf("a file of another version is read: %q", got)
	}
}

// TestNil is an appliance without a trace.
func TestNil(t *testing.T) {
	t.Parallel()
	var j *Journal
	j.Record(Event{})
	found, err := j.Find(t.Context(), Query{})
	if len(found) > 0 || err != nil || j.Close() != nil || j.Flush(t.Context()) != nil || j.Dropped() != 0 {
		t.Errorf("%v, %v", found, err)
	}
}

func TestClosed(t *testing.T) {
	t.Parallel()
	j := open(t, file(t), Options{})
	check(t, j.Close())
	j.Record(Event{})
	if err := j.Flush(t.Context()); err != ErrClosed {
		t.Errorf("flushed: %v", err)
	}
}
