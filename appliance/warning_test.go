package appliance

import (
	"bytes"
	"fmt"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/message"
	"letterbox/quota"
	"letterbox/store"
)

// inbox returns what lies in anna's INBOX from a uid on, whole.
func (l *lodging) inbox(t *testing.T, from imap.UID) (all [][]byte) {
	t.Helper()
	box, err := l.Store.Mailbox(t.Context(), l.anna, "INBOX")
	must(t, err)
	must(t, l.Store.Rows(t.Context(), box.ID, imap.UIDSet{{Start: from, Stop: 0}}, store.WithBody, func(row *store.Row) error {
		b, err := l.Store.OpenRow(t.Context(), row)
		if err != nil {
			return err
		}
		defer b.Close()
		var whole bytes.Buffer
		_, err = b.WriteTo(&whole)
		all = append(all, whole.Bytes())
		return err
	}))
	return all
}

// TestQuotaWarning: who reaches a threshold finds a message about it, once, also
// when the process ended before it was written, and when nothing fits any more.
func TestQuotaWarning(t *testing.T) {
	t.Parallel()
	l := newLodging(t)
	must(t, l.Store.SetLimit(t.Context(), l.anna, quota.Limit{Messages: 20}))
	must(t, l.Data.Close()) // it is owed, and nobody has paid
	l.open(t)
	must(t, l.warnAll(t.Context()))
	must(t, l.warnAll(t.Context()))
	got := l.inbox(t, 21)
	if len(got) != 1 {
		t.Fatalf("%d warnings", len(got))
	}
	m, err := mail.ReadMessage(bytes.NewReader(got[0]))
	must(t, err)
	for field, want := range map[string]string{
		"Subject": "Your mailbox is 100% full", "To": "<anna@example.org>",
		"From": "Letterbox <postmaster@example.org>", "Auto-Submitted": "auto-generated",
	} {
		if m.Header.Get(field) != want {
			t.Errorf("%s: %q, want %q", field, m.Header.Get(field), want)
		}
	}
	text := string(got[0])
	for _, want := range []string{"20 messages of 20 messages", "INBOX", "<td>INBOX</td>"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
	if parsed := message.Parse(got[0]); !bytes.Contains(parsed.BodyStructure, []byte(`"ALTERNATIVE"`)) {
		t.Errorf("its structure is %s", parsed.BodyStructure)
	}
	must(t, l.Data.Close())
	l.open(t)
	if said := l.night(t, time.Now()); strings.Contains(said, "level=ERROR") {
		t.Error(said)
	}
	if got := l.inbox(t, 21); len(got) != 1 {
		t.Errorf("%d warnings after the night", len(got))
	}
}

// TestNoticeInGerman: people are written to in their own language.
func TestNoticeInGerman(t *testing.T) {
	t.Parallel()
	l := newLodging(t)
	must(t, l.Directory.SetLanguage(t.Context(), "anna@example.org", "de"))
	must(t, l.Store.SetLimit(t.Context(), l.anna, quota.Limit{Bytes: 100_000}))
	must(t, l.warnAll(t.Context()))
	got := l.inbox(t, 21)
	if len(got) != 1 || !bytes.Contains(got[0], []byte("In Ihrem Postfach liegen")) || !bytes.Contains(got[0], []byte("=?utf-8?q?Ihr_Postfach_ist_zu_1")) {
		t.Errorf("got %s", got)
	}
}

// TestQuotaWarningIsPrompt: nobody has to wait for the night.
func TestQuotaWarningIsPrompt(t *testing.T) {
	t.Parallel()
	l := newLodging(t)
	must(t, l.Store.SetLimit(t.Context(), l.anna, quota.Limit{Messages: 26}))
	box, err := l.Store.Mailbox(t.Context(), l.anna, "INBOX")
	must(t, err)
	_, err = l.Store.Append(t.Context(), store.Batch{Messages: []store.NewMessage{{Mailbox: box.ID, Raw: []byte("Subject: x\r\n\r\n")}}})
	must(t, err)
	select {
	case <-l.crossed:
	default:
		t.Error("nobody was told that somebody is to be warned")
	}
}

// TestFullness: who is nearly full is found, and a domain whose mailboxes together
// are.
func TestFullness(t *testing.T) {
	t.Parallel()
	l := newLodging(t)
	look := func() string {
		t.Helper()
		must(t, l.lookForFull(t.Context(), time.Now()))
		var ids []string
		for _, f := range l.fullness(t.Context()) {
			ids = append(ids, fmt.Sprint(f.ID(), " ", f.Severity, " ", f.Args[1:]))
		}
		return strings.Join(ids, "; ")
	}
	if got := l.fullness(t.Context()); got != nil {
		t.Errorf("before the first look: %+v", got)
	}
	if got := look(); got != "" {
		t.Errorf("without limits: %s", got)
	}
	must(t, l.Store.SetLimit(t.Context(), l.anna, quota.Limit{Messages: 21}))
	domain, err := l.Directory.Domain(t.Context(), "example.org")
	must(t, err)
	must(t, l.Store.SetDomainLimit(t.Context(), domain.ID, store.DomainLimit{Total: quota.Limit{Messages: 20}}))
	if got := look(); got != "mailbox-full:anna@example.org 1 [95 20 21]; domain-full:example.org 2 [100 20 20]" {
		t.Errorf("found %s", got)
	}
	must(t, l.Store.SetLimit(t.Context(), l.anna, quota.Limit{Messages: 22}))
	must(t, l.Store.SetDomainLimit(t.Context(), domain.ID, store.DomainLimit{}))
	if got := look(); got != "" {
		t.Errorf("with more room: %s", got)
	}
}
