package appliance

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/doctor"
	"letterbox/finding"
	"letterbox/quota"
	"letterbox/store"
)

// The admins hear once a day what changed, and nothing when nothing did.
func TestDigest(t *testing.T) {
	t.Parallel()
	d := newLodging(t).Data
	must(t, d.openWatch(t.Context()))
	for address, role := range map[string]string{"cleo@example.org": "admin", "ben@example.org": ""} {
		u, err := d.Directory.AddUser(t.Context(), address, "", "correct horse battery")
		must(t, err)
		must(t, d.Directory.SetRole(t.Context(), address, role))
		must(t, d.Store.EnsureAccount(t.Context(), store.AccountID(u.ID)))
	}
	var found []finding.Finding
	d.Watch.Sources = []func(context.Context) []finding.Finding{func(context.Context) []finding.Finding { return found }}
	day := time.Date(2026, 3, 14, 8, 0, 0, 0, time.Local)
	tell := func(want int) string {
		t.Helper()
		must(t, d.digest(t.Context(), day))
		must(t, d.digest(t.Context(), day.Add(time.Hour)))
		day = day.Add(24 * time.Hour)
		if n := len(inboxOf(t, d, "ben@example.org")); n != 0 {
			t.Errorf("who administers nothing has %d messages", n)
		}
		list := inboxOf(t, d, "cleo@example.org")
		if len(list) != want {
			t.Fatalf("%d messages, want %d", len(list), want)
		}
		return strings.Join(list, "")
	}
	tell(0)
	found = []finding.Finding{
		{Kind: "crowd", Subject: "ben@example.org", Severity: finding.Amber, Args: []any{"ben@example.org", 90, 100}},
		ailment(doctor.Result{Check: "disk", State: doctor.Red, Words: finding.Words{
			Title: finding.Text{Key: "doctor.disk.title"}, Do: finding.Text{Key: "doctor.disk.full.do"},
		}}, day),
	}
	if text := tell(1); !strings.Contains(text, "New: ben@example.org comes close") || strings.Contains(text, "%!") {
		t.Errorf("%s", text)
	}
	tell(1)
	found = found[1:]
	if text := tell(2); !strings.Contains(text, "Mended: ben@example.org comes close") {
		t.Errorf("%s", text)
	}
}

// TestDigestQuotesForecasts when there is something to tell, and is not sent for them.
func TestDigestQuotesForecasts(t *testing.T) {
	t.Parallel()
	l := newLodging(t)
	d := l.Data
	must(t, d.openWatch(t.Context()))
	must(t, d.Directory.SetRole(t.Context(), "anna@example.org", "admin"))
	must(t, d.Store.SetLimit(t.Context(), l.anna, quota.Limit{Bytes: 300_000}))
	box, err := d.Store.Mailbox(t.Context(), l.anna, "Archive")
	must(t, err)
	day := time.Now().AddDate(0, 0, -10)
	for range 10 {
		_, err := d.Store.Append(t.Context(), store.Batch{Messages: []store.NewMessage{{
			Mailbox: box.ID, Raw: []byte("Subject: it grows\r\n\r\n" + strings.Repeat("a line of text\r\n", 200)),
		}}})
		must(t, err)
		must(t, d.Store.RecordUsage(t.Context(), day))
		day = day.AddDate(0, 0, 1)
	}
	var found []finding.Finding
	d.Watch.Sources = []func(context.Context) []finding.Finding{func(context.Context) []finding.Finding { return found }}
	must(t, d.digest(t.Context(), day))
	before := len(inboxOf(t, d, "anna@example.org"))
	found = []finding.Finding{{Kind: "crowd", Subject: "ben@example.org", Severity: finding.Amber, Args: []any{"ben@example.org", 90, 100}}}
	must(t, d.digest(t.Context(), day.AddDate(0, 0, 1)))
	mail := inboxOf(t, d, "anna@example.org")
	if before != 20 || len(mail) != 21 {
		t.Fatalf("%d and %d messages", before, len(mail))
	}
	text := strings.ReplaceAll(mail[20], "\r\n", " ")
	for _, want := range []string{"The mailbox of anna@example.org: It grows by 9", "is full on", "The disk: It"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing: %s", want, text)
		}
	}
}

// inboxOf returns what lies in somebody's INBOX.
func inboxOf(t *testing.T, d *Data, address string) (all []string) {
	t.Helper()
	u, err := d.Directory.User(t.Context(), address)
	must(t, err)
	box, err := d.Store.Mailbox(t.Context(), store.AccountID(u.ID), "INBOX")
	must(t, err)
	must(t, d.Store.Rows(t.Context(), box.ID, imap.UIDSet{{Start: 1, Stop: 0}}, store.WithBody, func(row *store.Row) error {
		b, err := d.Store.OpenRow(t.Context(), row)
		if err != nil {
			return err
		}
		defer b.Close()
		var whole strings.Builder
		_, err = b.WriteTo(&whole)
		all = append(all, whole.String())
		return err
	}))
	return all
}
