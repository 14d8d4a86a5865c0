package junk

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/mailauth"
	"letterbox/store"
)

// Once a second account has taught something, both learn from both.
func TestAccountsLearnFromEachOther(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.teach(t, anna, 25)
	if j := h.judge(t, ben, pills(99)); j.Junk {
		t.Errorf("by what one account alone taught: %+v", j)
	}
	h.move(t, ben, h.put(t, ben, "INBOX", "", letter("a@b.example", "Something else", "entirely")), "Junk")
	h.learnAll(t)
	if j := h.judge(t, ben, pills(99)); !j.Junk {
		t.Errorf("by what both taught: %+v", j)
	}
	if j := h.judge(t, ben, news(99)); j.Junk || j.Score > 0 {
		t.Errorf("what is wanted: %+v", j)
	}
}

// What people move into Junk and out of it is learned, and what is like it is
// judged by that.
func TestLearnsFromMoves(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	if j := h.judge(t, anna, pills(99)); j.Junk || len(j.Reasons) != 0 {
		t.Errorf("before anything was learned: %+v", j)
	}
	h.teach(t, anna, 25)
	if got := h.lessonsOf(t, anna); got != "25 wanted, 25 junk, 0 waiting" {
		t.Errorf("learned %s", got)
	}
	if j := h.judge(t, anna, pills(99)); !j.Junk || j.Score < j.Threshold {
		t.Errorf("junk is taken for wanted: %+v", j)
	}
	if j := h.judge(t, anna, news(99)); j.Junk || j.Score > 0 {
		t.Errorf("what is wanted is taken for junk: %+v", j)
	}
	if j := h.judge(t, ben, pills(99)); j.Junk {
		t.Errorf("what one account alone taught decides for another: %+v", j)
	}
}

// One example is enough for a message that is nearly the same.
func TestNearlyTheSame(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.move(t, anna, h.put(t, anna, "INBOX", "", pills(1)), "Junk")
	h.learnAll(t)
	if j := h.judge(t, anna, strings.Replace(pills(1), "order1", "order2", 1)); !j.Junk || !strings.Contains(reasons(j), "alike") {
		t.Errorf("nearly the same: %+v", j)
	}
	if j := h.judge(t, anna, news(1)); j.Junk {
		t.Errorf("something else: %+v", j)
	}
}

// The same sign twice is learned once; another instead of the first replaces it, and
// nothing of that remains.
func TestSignsReplaceEachOther(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.teach(t, anna, 3)
	before := counts(h.model(t, anna))
	m := h.put(t, anna, "INBOX", "", pills(50))
	for range 2 {
		m = h.move(t, anna, m, "Junk")
		h.learnAll(t)
		h.learnAll(t)
		if got := h.lessonsOf(t, anna); got != "3 wanted, 4 junk, 0 waiting" {
			t.Errorf("moved to Junk: %s", got)
		}
		m = h.move(t, anna, m, "INBOX")
		h.learnAll(t)
		if got := h.lessonsOf(t, anna); got != "4 wanted, 3 junk, 0 waiting" {
			t.Errorf("moved back: %s", got)
		}
	}
	check(t, h.db.Write(t.Context(), func(tx txAlias) error {
		_, err := dropAll(tx, 0, selectLesson+`WHERE message = ?`, int64(m.Message))
		return err
	}))
	h.accounts.forget(anna)
	if after := counts(h.model(t, anna)); after != before {
		t.Errorf("counts were %v and are %v", before, after)
	}
}

// What nobody has learned from yet is learned after a new start, once.
func TestResumes(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for i := range 60 { // more than one batch
		h.move(t, anna, h.put(t, anna, "INBOX", "", pills(i)), "Junk")
	}
	gone := h.put(t, anna, "INBOX", "", news(1))
	h.move(t, anna, gone, "Junk")
	check(t, h.store.Sign(t.Context(), anna, []store.MessageID{987654}, true)) // a message that is not there
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.Learn(ended); err == nil {
		t.Error("learned after the end")
	}
	if got := h.lessonsOf(t, anna); got != "0 wanted, 0 junk, 62 waiting" {
		t.Errorf("before the new start: %s", got)
	}
	again := New(Options{DB: h.db, Store: h.store, Log: h.log})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- again.Run(ctx) }()
	for waiting := 1; waiting > 0; {
		s, err := again.Status(t.Context(), anna)
		check(t, err)
		waiting = s.Waiting
	}
	stop()
	check(t, <-done)
	if got := h.lessonsOf(t, anna); got != "0 wanted, 61 junk, 0 waiting" {
		t.Errorf("after the new start: %s", got)
	}
}

// Flags say it as well: those of the registry, Thunderbird's, and \Answered.
func TestLearnsFromFlags(t *testing.T) {
	t.Parallel()
	for flag, want := range map[imap.Flag]string{
		"$Junk": "0 wanted, 1 junk, 0 waiting", "Junk": "0 wanted, 1 junk, 0 waiting",
		"$NotJunk": "1 wanted, 0 junk, 0 waiting", "nonjunk": "1 wanted, 0 junk, 0 waiting",
		imap.FlagAnswered: "1 wanted, 0 junk, 0 waiting",
		imap.FlagFlagged:  "0 wanted, 0 junk, 0 waiting", "$Label1": "0 wanted, 0 junk, 0 waiting",
	} {
		t.Run(string(flag), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			m := h.put(t, anna, "INBOX", "", pills(1))
			for range 2 {
				_, err := h.store.SetFlags(t.Context(), m.Mailbox, imap.UIDSetNum(m.UID), store.FlagChange{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{flag}})
				check(t, err)
				h.learnAll(t)
			}
			if got := h.lessonsOf(t, anna); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
}

// What goes from Junk to the trash says nothing, nor what is moved between other
// folders.
func TestSaysNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.move(t, anna, h.put(t, anna, "Junk", "", pills(1)), "Trash")
	h.move(t, anna, h.put(t, anna, "INBOX", "", pills(2)), "Archive")
	h.move(t, anna, h.put(t, anna, "INBOX", "", pills(3)), "Trash")
	h.learnAll(t)
	if got := h.lessonsOf(t, anna); got != "0 wanted, 0 junk, 0 waiting" {
		t.Errorf("learned %s", got)
	}
}

// An answer that is sent says that what it is to is wanted.
func TestLearnsFromAnswers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	raw := news(1)
	m := h.put(t, anna, "INBOX", "", raw)
	mail := &Mail{Raw: []byte(raw)}
	h.Arrived(anna, m.Message, mail, h.Judge(t.Context(), anna, mail))
	h.noteAll(t.Context(), <-h.arrivals)
	h.Answered(int64(anna), []byte("From: anna@example.org\r\nReferences: <old@x> <"+mail.id+">\r\n\r\nYes.\r\n"))
	h.heedAnswer(t.Context(), <-h.answers)
	h.learnAll(t)
	if got := h.lessonsOf(t, anna); got != "1 wanted, 0 junk, 0 waiting" {
		t.Errorf("learned %s", got)
	}
	h.Answered(int64(anna), []byte("From: anna@example.org\r\n\r\nA new letter.\r\n"))
	if len(h.answers) != 0 {
		t.Error("a message that answers nothing is one to learn from")
	}
}

// People say more often what they do not want. What they read and kept makes up for
// that.
func TestKeepsTheBalance(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for i := range 10 {
		h.put(t, anna, "INBOX", "", news(i), imap.FlagSeen)
	}
	h.put(t, anna, "INBOX", "", news(11)) // not read
	h.time = h.time.Add(48 * time.Hour)
	h.move(t, anna, h.put(t, anna, "INBOX", "", pills(1), imap.FlagSeen), "Junk")
	h.learnAll(t)
	if got := h.lessonsOf(t, anna); got != "1 wanted, 1 junk, 0 waiting" {
		t.Errorf("after one: %s", got)
	}
	for i := range 20 {
		h.move(t, anna, h.put(t, anna, "INBOX", "", pills(2+i)), "Junk")
	}
	h.learnAll(t)
	if got := h.lessonsOf(t, anna); got != "10 wanted, 21 junk, 0 waiting" {
		t.Errorf("after all: %s", got)
	}
}

// Whoever the owner writes to is never junk for their words, or for what lists say;
// but their domain may disown the message, and the owner may think otherwise.
func TestCorrespondents(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *Options) {
		o.WrittenTo = func(_ context.Context, account int64, address string) (bool, error) {
			return account == int64(anna) && address == "shop7@pills.example", nil
		}
	})
	h.teach(t, anna, 25)
	from := func(n int, v *mailauth.Verdict) *Mail {
		return &Mail{Raw: []byte(pills(n)), Verdict: v, Remote: netip.MustParseAddr("192.0.2.1"),
			Evidence: Evidence{Reasons: []Reason{{ReasonListed, 3, "list.example"}, {ReasonRspamd, 6, "add header"}}}}
	}
	verdict := func(result mailauth.Result, disposition string) *mailauth.Verdict {
		return &mailauth.Verdict{DMARC: mailauth.DMARC{Result: result, From: "pills.example", Disposition: disposition}, ARC: mailauth.ARC{Result: mailauth.None}}
	}
	if j := h.Judge(t.Context(), anna, from(7, verdict(mailauth.Pass, "none"))); j.Junk || j.Score > 0 || !strings.Contains(reasons(j), "correspondent") {
		t.Errorf("a correspondent: %+v", j)
	}
	if j := h.Judge(t.Context(), anna, from(7, nil)); j.Junk {
		t.Errorf("a correspondent of whom nothing is proven, or disproven: %+v", j)
	}
	if j := h.Judge(t.Context(), anna, from(7, verdict(mailauth.Fail, "none"))); !j.Junk {
		t.Errorf("somebody in their name: %+v", j)
	}
	if j := h.Judge(t.Context(), anna, from(7, verdict(mailauth.Fail, "quarantine"))); !j.Junk || j.Decided != ReasonPolicy {
		t.Errorf("disowned: %+v", j)
	}
	if j := h.Judge(t.Context(), anna, from(8, verdict(mailauth.Pass, "none"))); !j.Junk {
		t.Errorf("a stranger: %+v", j)
	}
	check(t, h.SetRule(t.Context(), Rule{anna, "shop7@pills.example", true}))
	if j := h.Judge(t.Context(), anna, from(7, verdict(mailauth.Pass, "none"))); !j.Junk || j.Decided != ReasonDenied {
		t.Errorf("denied: %+v", j)
	}
}

// Whose mail was called wanted is known from then on, if it is proven to be theirs,
// or comes from where it came from.
func TestWantedSendersAreKnown(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.teach(t, anna, 25)
	received := "Received: from a.example (a.example [192.0.2.1]) by mx.example.org (Letterbox) with ESMTPS id 1; today\r\n"
	h.move(t, anna, h.put(t, anna, "Junk", received, pills(70)), "INBOX")
	h.learnAll(t)
	at := func(ip string) *Mail {
		return &Mail{Raw: []byte(pills(70)), Remote: netip.MustParseAddr(ip)}
	}
	if j := h.Judge(t.Context(), anna, at("192.0.2.77")); j.Junk || !strings.Contains(reasons(j), "correspondent") {
		t.Errorf("from the same network: %+v", j)
	}
	if j := h.Judge(t.Context(), anna, at("198.51.100.1")); strings.Contains(reasons(j), "correspondent") {
		t.Errorf("from elsewhere: %+v", j)
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx := t.Context()
	for _, r := range []Rule{
		{0, "bad.example", true}, {anna, "good.bad.example", false}, {anna, "carl@good.bad.example", true}, {ben, "bad.example", false},
	} {
		check(t, h.SetRule(ctx, r))
	}
	for _, test := range []struct {
		who     store.AccountID
		from    string
		decided string
	}{
		{anna, "x@bad.example", ReasonDenied}, {anna, "x@far.bad.example", ReasonDenied},
		{anna, "x@good.bad.example", ReasonAllowed}, {anna, "Carl@Good.Bad.Example", ReasonDenied},
		{ben, "x@bad.example", ReasonAllowed}, {anna, "x@notbad.example", ""}, {anna, "x@example", ""},
	} {
		if j := h.judge(t, test.who, letter(test.from, "x", "y")); j.Decided != test.decided || j.Junk != (test.decided == ReasonDenied) {
			t.Errorf("%d from %s: %+v", test.who, test.from, j)
		}
	}
	list, err := h.Rules(ctx, anna)
	check(t, err)
	if len(list) != 2 || list[0].Pattern != "carl@good.bad.example" {
		t.Errorf("rules are %+v", list)
	}
	check(t, h.RemoveRule(ctx, anna, "good.bad.example"))
	if err := h.RemoveRule(ctx, anna, "good.bad.example"); !errors.Is(err, ErrNoRule) {
		t.Errorf("taken back twice: %v", err)
	}
	for text, want := range map[string]string{
		" Carl@Example.NET ": "carl@example.net", "@example.net": "example.net", "a.example": "a.example",
		"example": "", "@": "", "": "", "a b@example.net": "", ".example": "", "*.example": "", "carl@": "",
	} {
		if got, err := ParsePattern(text); got != want || (err != nil) != (want == "") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

// Old lessons and senders are forgotten, but never so many that nothing is left; and
// an account that goes takes all with it.
func TestForgets(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for i := range leftOver + 30 {
		h.move(t, anna, h.put(t, anna, "INBOX", "", pills(i)), "Junk")
	}
	h.learnAll(t)
	h.time = h.time.Add(lessonLife + time.Hour)
	check(t, h.Tidy(t.Context()))
	if got := h.lessonsOf(t, anna); got != "0 wanted, 200 junk, 0 waiting" {
		t.Errorf("after a year: %s", got)
	}
	if n := h.model(t, anna).Lessons(Junk); n != leftOver {
		t.Errorf("%d lessons are left in memory", n)
	}
	check(t, h.SetRule(t.Context(), Rule{anna, "a.example", true}))
	check(t, h.Forget(t.Context(), anna))
	if s, err := h.Status(t.Context(), anna); err != nil || s.Junk+s.Senders+s.Rules != 0 {
		t.Errorf("after the account went: %+v, %v", s, err)
	}
}

// The judgement that was kept with a message can be read, and made again.
func TestToldAndAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.teach(t, anna, 25)
	mail := &Mail{Raw: []byte(pills(80)), Evidence: Evidence{Reasons: []Reason{{ReasonListed, 3, "list.example lists 192.0.2.1"}}}}
	j := h.Judge(t.Context(), anna, mail)
	m := h.put(t, anna, "Junk", string(j.Field()), pills(80))
	told, found, err := h.Told(t.Context(), m.Message)
	check(t, err)
	if !found || told.Score != j.Score || told.Junk != j.Junk || len(told.Reasons) != len(j.Reasons) {
		t.Errorf("told %+v, was %+v", told, j)
	}
	again, err := h.Again(t.Context(), anna, m.Message)
	check(t, err)
	if again.Score != j.Score {
		t.Errorf("again %+v, was %+v", again, j)
	}
	if _, _, err := h.Told(t.Context(), 4711); err == nil {
		t.Error("a message that is not there was judged")
	}
}
