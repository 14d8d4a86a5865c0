package feedback

import (
	"context"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"letterbox/database"
	"letterbox/directory"
	"letterbox/internal/zone"
	"letterbox/mailauth"
	"letterbox/report"
	"letterbox/resolver"
)

// A house is a feedback over a real database, with a clock that the test moves and
// a name server of its own. What it posts stays here.
type house struct {
	*Feedback
	zone   *zone.Zone
	now    time.Time
	posted []Mail
	broken error // of posting
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// build makes a house that serves home.example and host.example.
func build(t testing.TB, records string) *house {
	t.Helper()
	db, err := database.Open(t.Context(), filepath.Join(t.TempDir(), "letterbox.db"), database.Options{})
	check(t, err)
	t.Cleanup(func() { check(t, db.Close()) })
	users, err := directory.Open(t.Context(), directory.Options{DB: db, Cost: directory.Cost{Memory: 64, Passes: 1, Iterations: 4096}})
	check(t, err)
	for _, domain := range []string{"home.example", "host.example"} {
		_, err := users.AddDomain(t.Context(), domain)
		check(t, err)
	}
	h := &house{zone: zone.Serve(t, records), now: noon}
	h.Feedback = New(Options{
		DB: db, Directory: users, Resolver: &resolver.Resolver{Servers: []string{h.zone.Addr}},
		Hostname: "mail.host.example", Send: true, Now: func() time.Time { return h.now }, Post: h.post,
	})
	return h
}

// post is the queue: what it takes, it takes in the transaction.
func (h *house) post(ctx context.Context, m Mail, also func(*database.Tx) error) error {
	err := h.DB.Write(ctx, func(tx *database.Tx) error {
		if err := also(tx); err != nil {
			return err
		}
		return h.broken
	})
	if err == nil {
		h.posted = append(h.posted, m)
	}
	return err
}

// tomorrow is when all reports of the day are due.
func (h *house) tomorrow(t testing.TB) {
	t.Helper()
	check(t, h.Flush(t.Context()))
	h.now = noon.AddDate(0, 0, 1)
}

// kept counts the rows of a table.
func (h *house) kept(t testing.TB, table string) (n int) {
	t.Helper()
	check(t, h.DB.Read(t.Context(), func(c *database.Conn) error {
		return c.QueryRow(`SELECT count(*) FROM ` + table).Scan(&n)
	}))
	return n
}

// forged is a message in the name of far.example, which wants it refused.
func forged(reports ...string) *mailauth.Verdict {
	return &mailauth.Verdict{
		SPF:  mailauth.SPF{Result: mailauth.Pass, Domain: "evil.example", Sender: "x@evil.example"},
		DKIM: []mailauth.DKIM{{Result: mailauth.Fail, Domain: "far.example", Selector: "s1"}},
		DMARC: mailauth.DMARC{
			Result: mailauth.Fail, From: "sub.far.example", Policy: "reject", Disposition: "reject", Reports: reports,
			Published: mailauth.Published{Domain: "far.example", DKIM: "r", SPF: "r", Own: "reject", Percent: 100},
		},
	}
}

var somewhere = netip.MustParseAddr("192.0.2.7")

// keep keeps a report of search.example.
func (h *house) keep(t testing.TB, d report.Document) {
	t.Helper()
	check(t, h.DB.Write(t.Context(), func(tx *database.Tx) error {
		_, err := h.Feedback.file(tx, d, "search.example")
		return err
	}))
}
