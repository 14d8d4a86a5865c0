package junk

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
	"letterbox/store"
	"letterbox/store/blob"
)

// A house is a mail store with a filter.
type house struct {
	*Filter
	db    *database.DB
	store *store.Store
	time  time.Time
}

const anna, ben = store.AccountID(1), store.AccountID(2)

func newHouse(t testing.TB, change ...func(*Options)) *house {
	t.Helper()
	ctx, dir := t.Context(), t.TempDir()
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	db, err := database.Open(ctx, filepath.Join(dir, "letterbox.db"), database.Options{Log: log})
	check(t, err)
	blobs, err := blob.Open(filepath.Join(dir, "blobs"), blob.Options{Log: log})
	check(t, err)
	mail, err := store.Open(ctx, store.Options{DB: db, Blobs: blobs, Spool: filepath.Join(dir, "spool"), Log: log})
	check(t, err)
	t.Cleanup(func() {
		check(t, mail.Close())
		check(t, blobs.Close())
		check(t, db.Close())
	})
	h := &house{db: db, store: mail, time: time.Now()}
	o := Options{DB: db, Store: mail, Log: log, Now: func() time.Time { return h.time }}
	for _, c := range change {
		c(&o)
	}
	h.Filter = New(o)
	for _, a := range []store.AccountID{anna, ben} {
		check(t, mail.EnsureAccount(ctx, a))
	}
	return h
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// box finds a mailbox.
func (h *house) box(t testing.TB, a store.AccountID, name string) store.MailboxID {
	t.Helper()
	box, err := h.store.Mailbox(t.Context(), a, name)
	check(t, err)
	return box.ID
}

// put adds a message, as a delivery does.
func (h *house) put(t testing.TB, a store.AccountID, name, prefix, raw string, flags ...imap.Flag) store.Added {
	t.Helper()
	added, err := h.store.Append(t.Context(), store.Batch{Messages: []store.NewMessage{{
		Mailbox: h.box(t, a, name), Prefix: []byte(prefix), Raw: []byte(raw), Flags: flags,
	}}})
	check(t, err)
	return added[0]
}

// move moves a message, and returns where it is then.
func (h *house) move(t testing.TB, a store.AccountID, m store.Added, to string) store.Added {
	t.Helper()
	target := h.box(t, a, to)
	done, err := h.store.Move(t.Context(), m.Mailbox, imap.UIDSetNum(m.UID), target)
	check(t, err)
	m.Mailbox, m.UID = target, done.Dest[0].Start
	return m
}

// status counts lessons.
func (h *house) lessonsOf(t testing.TB, a store.AccountID) string {
	t.Helper()
	s, err := h.Status(t.Context(), a)
	check(t, err)
	return fmt.Sprintf("%d wanted, %d junk, %d waiting", s.Wanted, s.Junk, s.Waiting)
}

// judge judges a message from nowhere in particular.
func (h *house) judge(t testing.TB, a store.AccountID, raw string) Judgement {
	t.Helper()
	return h.Judge(t.Context(), a, &Mail{Raw: []byte(raw)})
}

func (h *house) learnAll(t testing.TB) {
	t.Helper()
	check(t, h.Learn(t.Context()))
}

// Mail of two kinds, each message a little different.
func pills(n int) string {
	return letter(fmt.Sprintf("shop%d@pills.example", n), "Cheap pills, order now",
		"Order your cheap pills today and save seventy percent. Our online pharmacy ships",
		"worldwide without any prescription. Click http://pills.example/order"+fmt.Sprint(n),
		"to claim your discount before the offer ends tonight. Satisfaction guaranteed.",
		variety(n, "bonus limited exclusive miracle instant winner casino refund credit herbal"))
}

func news(n int) string {
	return letter(fmt.Sprintf("colleague%d@work.example", n), "Minutes of the meeting",
		"Hello Anna, attached are the minutes of our meeting about the harbour project.",
		"Please read the section on the budget and tell me whether the figures are right.",
		"The next meeting is on Thursday in the small room. Regards,",
		variety(n, "drawing contract deadline schedule engineer concrete survey permit drainage crane"))
}

func variety(n int, words string) string {
	list := strings.Fields(words)
	var b strings.Builder
	for i := range 4 {
		b.WriteString(list[(n*3+i*i)%len(list)] + " ")
	}
	return b.String()
}

func letter(from, subject string, lines ...string) string {
	return "From: " + from + "\r\nTo: anna@example.org\r\nSubject: " + subject + "\r\nDate: Wed, 25 Nov 2026 10:00:00 +0100\r\n" +
		"Message-ID: <" + fmt.Sprintf("%x", number(from+subject+strings.Join(lines, " "))) + "@example.net>\r\n\r\n" + strings.Join(lines, "\r\n") + "\r\n"
}

// teach lets an account say what some mail is.
func (h *house) teach(t testing.TB, a store.AccountID, n int) {
	t.Helper()
	for i := range n {
		h.move(t, a, h.put(t, a, "INBOX", "", pills(i)), "Junk")
		h.move(t, a, h.put(t, a, "Junk", "", news(i)), "INBOX")
	}
	h.learnAll(t)
}

func reasons(j Judgement) string {
	var b strings.Builder
	for _, r := range j.Reasons {
		fmt.Fprintf(&b, "%s=%.1f ", r.Name, r.Points)
	}
	return b.String()
}

type txAlias = *database.Tx

// model is what an account has learned.
func (h *house) model(t testing.TB, a store.AccountID) *Model {
	t.Helper()
	one, release, err := h.learned(t.Context(), a)
	check(t, err)
	defer release()
	return one.model
}

// counts sums a model up so that any difference of counts shows.
func counts(m *Model) string {
	var sum uint64
	for n, k := range m.features {
		sum += uint64(n) * (uint64(k.count[Wanted])*31 + uint64(k.count[Junk])*37 + 1)
	}
	return fmt.Sprint(m.lessons, len(m.features), sum)
}
