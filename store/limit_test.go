package store

import (
	"errors"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
	"letterbox/quota"
)

// domain gives alice and bob a domain, as the directory would.
func (h *house) domain() int64 {
	h.t.Helper()
	must(h.t, h.db.Write(h.t.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(`INSERT INTO domain (id, name, created_at) VALUES (7, 'example.org', 0)`)
		if err == nil {
			_, err = tx.Exec(`INSERT INTO user (id, domain, localpart, created_at) VALUES (1, 7, 'alice', 0), (2, 7, 'bob', 0)`)
		}
		return err
	}))
	return 7
}

func (h *house) limitOf(a AccountID) quota.Limit {
	h.t.Helper()
	_, l, err := h.Usage(h.t.Context(), a)
	must(h.t, err)
	return l
}

func TestDefaultLimitOfDomain(t *testing.T) {
	t.Parallel()
	h := build(t)
	domain := h.domain()
	each := quota.Limit{Bytes: 1000, Messages: 3}
	must(t, h.SetDomainLimit(t.Context(), domain, DomainLimit{Each: each}))
	must(t, h.SetLimit(t.Context(), bob, quota.Limit{Bytes: quota.Unlimited, Messages: 5}))
	if l := h.limitOf(alice); l != each {
		t.Errorf("alice may keep %v", l)
	}
	if l := h.limitOf(bob); l != (quota.Limit{Messages: 5}) {
		t.Errorf("bob may keep %v", l)
	}
	h.fill(h.box("INBOX"), 3)
	_, err := h.Append(t.Context(), Batch{Messages: []NewMessage{{Mailbox: h.box("INBOX"), Raw: letter(3)}}})
	if !errors.As(err, new(*quota.OverError)) {
		t.Errorf("a fourth message of three: %v", err)
	}
	must(t, h.SetDomainLimit(t.Context(), domain, DomainLimit{}))
	if l := h.limitOf(alice); l != (quota.Limit{}) {
		t.Errorf("alice may keep %v", l)
	}
}

// The accounts of a domain may not keep more together than it may, in whatever
// transaction they grow.
func TestTotalLimitOfDomain(t *testing.T) {
	t.Parallel()
	h := build(t)
	domain := h.domain()
	must(t, h.SetDomainLimit(t.Context(), domain, DomainLimit{Total: quota.Limit{Messages: 5}}))
	h.fill(h.box("INBOX"), 3)
	to := func(n int, boxes ...MailboxID) error {
		var b Batch
		for _, m := range boxes {
			b.Messages = append(b.Messages, NewMessage{Mailbox: m, Raw: letter(n)})
		}
		_, err := h.Append(t.Context(), b)
		return err
	}
	hers, his := h.box("INBOX"), h.boxOf(bob, "INBOX")
	must(t, to(10, hers, his))
	var over *quota.OverError
	if err := to(11, hers, his); !errors.As(err, &over) || !over.Domain || over.Limit != 5 || over.Wanted != 6 && over.Wanted != 7 {
		t.Errorf("two more than five: %v", err)
	}
	if err := h.Admit(t.Context(), bob, 1); !errors.As(err, &over) || !over.Domain {
		t.Errorf("bob is told that there is room: %v", err)
	}
	if _, err := h.Move(t.Context(), hers, span(1, 1), his); err != nil {
		t.Errorf("what is moved within the domain makes it no fuller: %v", err)
	}
	if u, l, err := h.DomainUsage(t.Context(), domain); u.Messages != 5 || l.Total.Messages != 5 || err != nil {
		t.Errorf("%+v, %+v, %v", u, l, err)
	}
	_, err := h.SetFlags(t.Context(), his, span(1, 1), FlagChange{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}})
	must(t, err)
	_, _, err = h.Expunge(t.Context(), his, nil)
	must(t, err)
	must(t, to(12, hers))
}

// Mail that arrives goes beyond a limit by the grace, and nothing else does.
func TestGrace(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.grace = 10
	must(t, h.SetLimit(t.Context(), alice, quota.Limit{Messages: 10}))
	in := h.box("INBOX")
	h.fill(in, 10)
	one := []NewMessage{{Mailbox: in, Raw: letter(10)}}
	if _, err := h.Append(t.Context(), Batch{Messages: one}); !errors.As(err, new(*quota.OverError)) {
		t.Errorf("a client's eleventh: %v", err)
	}
	must(t, h.Admit(t.Context(), alice, 100))
	_, err := h.Append(t.Context(), Batch{Messages: one, Arrives: true})
	must(t, err)
	if _, err := h.Append(t.Context(), Batch{Messages: one, Arrives: true}); !errors.As(err, new(*quota.OverError)) {
		t.Errorf("one that arrives as the twelfth: %v", err)
	}
}

// Whoever is over the limit can still throw away, also without MOVE.
func TestThrowingAwayWhenFull(t *testing.T) {
	t.Parallel()
	h := build(t)
	in, trash := h.box("INBOX"), h.box("Trash")
	h.fill(in, 10)
	must(t, h.SetLimit(t.Context(), alice, quota.Limit{Messages: 8}))
	if _, err := h.Copy(t.Context(), in, span(1, 1), h.box("Archive")); !errors.As(err, new(*quota.OverError)) {
		t.Errorf("copied beyond the limit: %v", err)
	}
	_, err := h.Copy(t.Context(), in, span(1, 5), trash)
	must(t, err)
	if _, err := h.Copy(t.Context(), in, span(1, 5), trash); !errors.As(err, new(*quota.OverError)) {
		t.Errorf("the trash takes everything: %v", err)
	}
	_, err = h.Move(t.Context(), in, span(6, 9), trash)
	must(t, err)
	for _, m := range []MailboxID{in, trash} {
		_, err := h.SetFlags(t.Context(), m, allUIDs(), FlagChange{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}})
		must(t, err)
		_, _, err = h.Expunge(t.Context(), m, nil)
		must(t, err)
	}
	if u, _, err := h.Usage(t.Context(), alice); u.Messages != 0 || err != nil {
		t.Errorf("%+v, %v", u, err)
	}
}

// TestFullForLong: mail is put off for a while, and refused then; cleaning up
// begins the time anew.
func TestFullForLong(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.cleanUp = time.Hour
	must(t, h.SetLimit(t.Context(), alice, quota.Limit{Messages: 3, Bytes: 10_000}))
	in := h.box("INBOX")
	h.fill(in, 3)
	ago := func(d time.Duration) {
		t.Helper()
		if n := h.count(`SELECT count(*) FROM account WHERE full_since > 0`); n != 1 {
			t.Fatalf("%d accounts are noted as full", n)
		}
		must(t, h.db.Write(t.Context(), func(tx *database.Tx) error {
			_, err := tx.Exec(`UPDATE account SET full_since = ? WHERE id = 1`, time.Now().Add(-d).Unix())
			return err
		}))
	}
	refused := func(when string, size int64, lasting bool) {
		t.Helper()
		var over *quota.OverError
		if err := h.Admit(t.Context(), alice, size); !errors.As(err, &over) || over.Lasting != lasting {
			t.Errorf("%s: %+v, %v", when, over, err)
		}
	}
	refused("at first", 1, false)
	ago(59 * time.Minute)
	refused("after a while", 1, false)
	ago(61 * time.Minute)
	refused("after long", 1, true)
	_, err := h.SetFlags(t.Context(), in, span(1, 1), FlagChange{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}})
	must(t, err)
	_, _, err = h.Expunge(t.Context(), in, nil)
	must(t, err)
	must(t, h.Admit(t.Context(), alice, 1))
	refused("larger than all", 10_001, true)
	refused("for today", 9_999, false)
	ago(61 * time.Minute)
	_, err = h.Append(t.Context(), Batch{Messages: []NewMessage{{Mailbox: in, Raw: letter(9)}}, Arrives: true})
	must(t, err)
	refused("after something arrived", 1, false)
}
