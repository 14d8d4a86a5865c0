package delivery

import (
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
	"letterbox/directory"
	"letterbox/quota"
	"letterbox/store"
	"letterbox/store/blob"
)

// newDelivery has anna and ben as users, all in a temporary folder.
func newDelivery(t *testing.T) *Delivery {
	t.Helper()
	ctx, dir := t.Context(), t.TempDir()
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	db, err := database.Open(ctx, filepath.Join(dir, "letterbox.db"), database.Options{Log: log})
	check(t, err)
	blobs, err := blob.Open(filepath.Join(dir, "blobs"), blob.Options{Log: log})
	check(t, err)
	mail, err := store.Open(ctx, store.Options{DB: db, Blobs: blobs, Spool: filepath.Join(dir, "spool"), Log: log})
	check(t, err)
	people, err := directory.Open(ctx, directory.Options{DB: db, Log: log, Cost: directory.Cost{Memory: 64, Passes: 1, Iterations: 4096}})
	check(t, err)
	t.Cleanup(func() {
		check(t, mail.Close())
		check(t, blobs.Close())
		check(t, db.Close())
	})
	_, err = people.AddDomain(ctx, "example.org")
	check(t, err)
	for _, name := range []string{"anna", "ben"} {
		_, err := people.AddUser(ctx, name+"@example.org", "", "tulips in may")
		check(t, err)
	}
	return &Delivery{Hostname: "mx.example.org", Store: mail, Directory: people, Log: log}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// to resolves addresses.
func (d *Delivery) to(t *testing.T, addresses ...string) (all []directory.Recipient) {
	t.Helper()
	for _, address := range addresses {
		found, err := d.Directory.Resolve(t.Context(), address)
		check(t, err)
		all = append(all, found...)
	}
	return all
}

// messages returns what a user has in a mailbox.
func (d *Delivery) messages(t *testing.T, user, mailbox string) (all []string) {
	t.Helper()
	u, err := d.Directory.User(t.Context(), user)
	check(t, err)
	check(t, d.Store.EnsureAccount(t.Context(), store.AccountID(u.ID)))
	box, err := d.Store.Mailbox(t.Context(), store.AccountID(u.ID), mailbox)
	check(t, err)
	check(t, d.Store.Rows(t.Context(), box.ID, imap.UIDSet{{Start: 1}}, store.WithBody, func(row *store.Row) error {
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

const letter = "From: carl@example.net\r\n\r\nHello.\r\n"

func envelope(sender string) Envelope {
	return Envelope{ID: "ID", Sender: sender, Helo: "a.example", Protocol: "ESMTP", Received: time.Now()}
}

// Everybody gets one copy, with header lines of their own.
func TestDeliver(t *testing.T) {
	t.Parallel()
	d := newDelivery(t)
	to := d.to(t, "anna@example.org", "Ben+x@example.org", "anna+again@example.org")
	check(t, d.Deliver(t.Context(), envelope("carl@example.net"), to, []byte(letter), nil, nil))
	for user, address := range map[string]string{"anna@example.org": "anna@example.org", "ben@example.org": "Ben+x@example.org"} {
		got := d.messages(t, user, "INBOX")
		want := "Return-Path: <carl@example.net>\r\nDelivered-To: " + address + "\r\nReceived: from a.example "
		if len(got) != 1 || !strings.HasPrefix(got[0], want) || !strings.HasSuffix(got[0], "\r\n"+letter) {
			t.Errorf("%s has %q", user, got)
		}
	}
}

func TestDeliverToFolder(t *testing.T) {
	t.Parallel()
	d := newDelivery(t)
	d.messages(t, "anna@example.org", "INBOX") // makes the account
	u, err := d.Directory.User(t.Context(), "anna@example.org")
	check(t, err)
	_, err = d.Store.CreateMailbox(t.Context(), store.AccountID(u.ID), "Lists", "")
	check(t, err)
	for _, address := range []string{"anna+lists@example.org", "anna+sent@example.org"} {
		check(t, d.Deliver(t.Context(), envelope(""), d.to(t, address), []byte(letter), nil, nil))
	}
	for mailbox, want := range map[string]int{"Lists": 1, "INBOX": 1, "Sent": 0} {
		if got := d.messages(t, "anna@example.org", mailbox); len(got) != want {
			t.Errorf("%s has %q, want %d", mailbox, got, want)
		}
	}
}

// A folder that is full by a limit of its own keeps no mail away: it goes to INBOX,
// and while INBOX is full it is put off.
func TestDeliverToFullFolder(t *testing.T) {
	t.Parallel()
	d := newDelivery(t)
	d.messages(t, "anna@example.org", "INBOX")
	u, err := d.Directory.User(t.Context(), "anna@example.org")
	check(t, err)
	anna := store.AccountID(u.ID)
	_, err = d.Store.CreateMailbox(t.Context(), anna, "Lists", "")
	check(t, err)
	check(t, d.Store.SetMailboxLimit(t.Context(), anna, "Lists", quota.Limit{Messages: 1}))
	send := func() error {
		return d.Deliver(t.Context(), envelope(""), d.to(t, "anna+lists@example.org"), []byte(letter), nil, nil)
	}
	check(t, send())
	check(t, send())
	check(t, d.Store.SetMailboxLimit(t.Context(), anna, "INBOX", quota.Limit{Messages: 1}))
	var over *quota.OverError
	if err := send(); !errors.As(err, &over) || over.Lasting || over.Folder != "INBOX" {
		t.Errorf("delivered to two full folders: %v", err)
	}
	if err := d.Room(t.Context(), u, 0); !errors.As(err, &over) {
		t.Errorf("there is room: %v", err)
	}
	for mailbox, want := range map[string]int{"Lists": 1, "INBOX": 1} {
		if got := d.messages(t, "anna@example.org", mailbox); len(got) != want {
			t.Errorf("%s has %q, want %d", mailbox, got, want)
		}
	}
}

// When one of several has no room, nobody has the message: the sender tries
// again, and nobody gets it twice.
func TestAllOrNobody(t *testing.T) {
	t.Parallel()
	d := newDelivery(t)
	d.messages(t, "ben@example.org", "INBOX")
	u, err := d.Directory.User(t.Context(), "ben@example.org")
	check(t, err)
	check(t, d.Store.SetLimit(t.Context(), store.AccountID(u.ID), quota.Limit{Bytes: 50}))
	if err := d.Room(t.Context(), u, 50); err != nil {
		t.Errorf("there is room for 50: %v", err)
	}
	over := new(quota.OverError)
	if err := d.Room(t.Context(), u, 51); !errors.As(err, &over) {
		t.Errorf("there is room for 51: %v", err)
	}
	err = d.Deliver(t.Context(), envelope(""), d.to(t, "anna@example.org", "ben@example.org"), []byte(letter), nil, nil)
	if !errors.As(err, &over) {
		t.Errorf("delivered: %v", err)
	}
	err = d.Deliver(t.Context(), envelope(""), d.to(t, "anna@example.org"), []byte("Delivered-To: anna@example.org\r\n"+letter), nil, nil)
	if !errors.Is(err, ErrLoop) {
		t.Errorf("delivered in a circle: %v", err)
	}
	boom := errors.New("boom")
	err = d.Deliver(t.Context(), envelope(""), d.to(t, "anna@example.org"), []byte(letter), nil, func(*database.Tx, []store.HeldID) error { return boom })
	if !errors.Is(err, boom) {
		t.Errorf("what goes with it failed, and it was delivered: %v", err)
	}
	for _, user := range []string{"anna@example.org", "ben@example.org"} {
		if got := d.messages(t, user, "INBOX"); len(got) != 0 {
			t.Errorf("%s has %q", user, got)
		}
	}
}

func TestFullDiskIsMarked(t *testing.T) {
	t.Parallel()
	if err := explain(database.ErrFull); !errors.Is(err, ErrFull) {
		t.Error(err)
	}
	if err := explain(errors.New("other")); errors.Is(err, ErrFull) {
		t.Error(err)
	}
}
