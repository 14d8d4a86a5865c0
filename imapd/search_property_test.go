package imapd

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/message"
	"letterbox/store"
	"pgregory.net/rapid"
)

// A bareConn is a bare connection, signed in.
type bareConn struct {
	net.Conn
	r *bufio.Reader
}

func (h *house) bare(t testing.TB) *bareConn {
	t.Helper()
	plain, _ := h.serve(t, Config{PlaintextLoopback: true})
	conn, err := net.Dial("tcp", plain)
	check(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	b := &bareConn{conn, bufio.NewReaderSize(conn, 1<<20)}
	_, err = b.r.ReadString('\n')
	check(t, err)
	b.command(t, `LOGIN `+annaAddress+` "`+annaPassword+`"`)
	return b
}

// failer is what tests, benchmarks and property tests have in common.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// command sends a command and returns the untagged lines before its OK.
func (b *bareConn) command(t failer, text string) []string {
	t.Helper()
	return b.commandTagged(t, "t", text)
}

// commandTagged is command with a tag.
func (b *bareConn) commandTagged(t failer, tag, text string) []string {
	t.Helper()
	_ = b.SetDeadline(time.Now().Add(patience))
	if _, err := b.Write([]byte(tag + " " + text + "\r\n")); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	var lines []string
	for {
		line, err := b.r.ReadString('\n')
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		line = strings.TrimSuffix(line, "\r\n")
		if rest, ok := strings.CutPrefix(line, tag+" "); ok {
			if !strings.HasPrefix(rest, "OK ") {
				t.Fatalf("%s: %s", text, rest)
			}
			return lines
		}
		lines = append(lines, line)
	}
}

// A letter is a message as the naive search sees it.
type letter struct {
	uid                 imap.UID
	flags               []imap.Flag
	received, sent      time.Time // sent is zero for none
	subject, from, mood string    // mood is "" for none
	to, cc, bcc         string    // "" for none
	text                string

	email, thread string // the ids that the server gave it
	modseq        int
}

func (l *letter) raw() []byte {
	var b strings.Builder
	if !l.sent.IsZero() {
		b.WriteString("Date: " + l.sent.Format(time.RFC1123Z) + "\r\n")
	}
	b.WriteString("From: " + l.from + "\r\nSubject: " + l.subject + "\r\n")
	for _, field := range [][2]string{{"To", l.to}, {"Cc", l.cc}, {"Bcc", l.bcc}, {"X-Mood", l.mood}} {
		if field[1] != "" {
			b.WriteString(field[0] + ": " + field[1] + "\r\n")
		}
	}
	return []byte(b.String() + "\r\n" + l.text + "\r\n")
}

// A question is a search key and what it means.
type question struct {
	text string
	ask  func(l *letter, seq int) bool
}

var (
	someWords = []string{"tulip", "Rose", "garden", "RAIN", "sun", "Grüße", "Gru\u0308ße", "ｇａｒｄｅｎ"}
	someFlags = []imap.Flag{imap.FlagSeen, imap.FlagFlagged, imap.FlagDeleted, imap.FlagAnswered, "$Work"}

	someRecipients = []string{"", "Anna <anna@example.org>", "bob@example.com, Rose <rose@example.net>"}
)

func drawLetter(t *rapid.T) *letter {
	words := rapid.SliceOfN(rapid.SampledFrom(someWords), 1, 3)
	zone := time.FixedZone("", rapid.IntRange(-11, 12).Draw(t, "zone")*3600)
	day := rapid.Custom(func(t *rapid.T) time.Time {
		return time.Date(2026, 5, rapid.IntRange(1, 5).Draw(t, "day"), rapid.IntRange(0, 23).Draw(t, "hour"), 0, 0, 0, zone)
	})
	l := &letter{
		flags:    rapid.SliceOfDistinct(rapid.SampledFrom(someFlags), rapid.ID).Draw(t, "flags"),
		received: day.Draw(t, "received"),
		subject:  strings.Join(words.Draw(t, "subject"), " "),
		from:     rapid.SampledFrom([]string{"Anna <anna@example.org>", "bob@example.com"}).Draw(t, "from"),
		mood:     rapid.SampledFrom([]string{"", "sunny", "rainy"}).Draw(t, "mood"),
		to:       rapid.SampledFrom(someRecipients).Draw(t, "to"),
		cc:       rapid.SampledFrom(someRecipients).Draw(t, "cc"),
		bcc:      rapid.SampledFrom(someRecipients).Draw(t, "bcc"),
		text:     strings.Join(words.Draw(t, "text"), " "),
	}
	if rapid.Bool().Draw(t, "dated") {
		l.sent = day.Draw(t, "sent")
	}
	return l
}

func contains(text, part string) bool {
	return strings.Contains(message.Fold(text), message.Fold(part))
}

func drawQuestion(t *rapid.T, depth int, letters []*letter) question {
	if depth > 0 {
		switch rapid.IntRange(0, 4).Draw(t, "form") {
		case 0:
			q := drawQuestion(t, depth-1, letters)
			return question{"NOT " + q.text, func(l *letter, seq int) bool { return !q.ask(l, seq) }}
		case 1:
			a, b := drawQuestion(t, depth-1, letters), drawQuestion(t, depth-1, letters)
			return question{"OR " + a.text + " " + b.text, func(l *letter, seq int) bool { return a.ask(l, seq) || b.ask(l, seq) }}
		case 2:
			a, b := drawQuestion(t, depth-1, letters), drawQuestion(t, depth-1, letters)
			return question{"(" + a.text + " " + b.text + ")", func(l *letter, seq int) bool { return a.ask(l, seq) && b.ask(l, seq) }}
		}
	}
	word := rapid.SampledFrom(append(someWords, "sunny", "Anna", "bob@", "e", "", "GRÜSSE", "ulip", "n s")).Draw(t, "word")
	switch rapid.IntRange(0, 15).Draw(t, "kind") {
	case 0:
		return drawFlagQuestion(t)
	case 1:
		return drawDateQuestion(t)
	case 2:
		n := rapid.IntRange(1, len(letters)+1).Draw(t, "number")
		return question{fmt.Sprintf("%d:%d", n, n), func(_ *letter, seq int) bool { return seq == n }}
	case 3:
		uid := imap.UID(rapid.IntRange(1, 12).Draw(t, "uid"))
		return question{fmt.Sprintf("UID %d:%d", uid, uid+2), func(l *letter, _ int) bool { return l.uid >= uid && l.uid <= uid+2 }}
	case 4:
		size := rapid.IntRange(60, 160).Draw(t, "size")
		return question{fmt.Sprintf("LARGER %d", size), func(l *letter, _ int) bool { return len(l.raw()) > size }}
	case 11:
		size := rapid.IntRange(60, 160).Draw(t, "size")
		return question{fmt.Sprintf("SMALLER %d", size), func(l *letter, _ int) bool { return len(l.raw()) < size }}
	case 12:
		return drawAgeQuestion(t)
	case 13:
		return rapid.SampledFrom([]question{
			{"ALL", func(*letter, int) bool { return true }},
			{"SAVEDSINCE 1-Jan-2020", func(*letter, int) bool { return true }},
			{"SAVEDBEFORE 1-Jan-2020", func(*letter, int) bool { return false }},
			{`TO ""`, func(l *letter, _ int) bool { return l.to != "" }},
			{`HEADER From ""`, func(*letter, int) bool { return true }},
			{"KEYWORD $nowhere", func(*letter, int) bool { return false }},
		}).Draw(t, "plain")
	case 14:
		return drawIDQuestion(t, letters)
	case 15:
		return drawRecipientQuestion(t, word)
	case 5:
		return question{`SUBJECT "` + word + `"`, func(l *letter, _ int) bool { return contains(l.subject, word) }}
	case 6:
		return question{`HEADER X-Mood "` + word + `"`, func(l *letter, _ int) bool { return l.mood != "" && contains(l.mood, word) }}
	case 7:
		return question{`BODY "` + word + `"`, func(l *letter, _ int) bool { return contains(l.text, word) }}
	}
	if rapid.Bool().Draw(t, "whole") {
		return question{`TEXT "` + word + `"`, func(l *letter, _ int) bool { return contains(string(l.raw()), word) }}
	}
	return question{`FROM "` + word + `"`, func(l *letter, _ int) bool { return contains(l.from, word) }}
}

// drawIDQuestion is about what the server itself gave the letters.
func drawIDQuestion(t *rapid.T, letters []*letter) question {
	asked := rapid.SampledFrom(letters).Draw(t, "of")
	return rapid.SampledFrom([]question{
		{"EMAILID " + asked.email, func(l *letter, _ int) bool { return l.email == asked.email }},
		{"THREADID " + asked.thread, func(l *letter, _ int) bool { return l.thread == asked.thread }},
		{"EMAILID nobody", func(*letter, int) bool { return false }},
		{fmt.Sprintf("MODSEQ %d", asked.modseq), func(l *letter, _ int) bool { return l.modseq >= asked.modseq }},
		{fmt.Sprintf("MODSEQ %d", asked.modseq+1), func(l *letter, _ int) bool { return l.modseq > asked.modseq }},
	}).Draw(t, "id")
}

func drawRecipientQuestion(t *rapid.T, word string) question {
	return rapid.SampledFrom([]question{
		{`TO "` + word + `"`, func(l *letter, _ int) bool { return l.to != "" && contains(l.to, word) }},
		{`CC "` + word + `"`, func(l *letter, _ int) bool { return l.cc != "" && contains(l.cc, word) }},
		{`BCC "` + word + `"`, func(l *letter, _ int) bool { return l.bcc != "" && contains(l.bcc, word) }},
	}).Draw(t, "recipient")
}

func drawFlagQuestion(t *rapid.T) question {
	flag := rapid.SampledFrom(someFlags).Draw(t, "flag")
	name := strings.ToUpper(strings.TrimPrefix(string(flag), `\`))
	if flag == "$Work" {
		name = "KEYWORD $wORK"
	}
	if rapid.Bool().Draw(t, "un") {
		return question{"UN" + name, func(l *letter, _ int) bool { return !slices.Contains(l.flags, flag) }}
	}
	return question{name, func(l *letter, _ int) bool { return slices.Contains(l.flags, flag) }}
}

// drawAgeQuestion is about a moment between the hours at which letters come.
func drawAgeQuestion(t *rapid.T) question {
	moment := time.Date(2026, 5, rapid.IntRange(1, 5).Draw(t, "day"), rapid.IntRange(0, 23).Draw(t, "hour"), 30, 0, 0, time.UTC)
	age := int(time.Since(moment).Seconds())
	if rapid.Bool().Draw(t, "older") {
		return question{fmt.Sprintf("OLDER %d", age), func(l *letter, _ int) bool { return l.received.Before(moment) }}
	}
	return question{fmt.Sprintf("YOUNGER %d", age), func(l *letter, _ int) bool { return l.received.After(moment) }}
}

func drawDateQuestion(t *rapid.T) question {
	date := time.Date(2026, 5, rapid.IntRange(1, 5).Draw(t, "day"), 0, 0, 0, 0, time.UTC)
	day := date.Format(time.DateOnly)
	relation := rapid.SampledFrom([]string{"BEFORE", "ON", "SINCE"}).Draw(t, "relation")
	sent := rapid.Bool().Draw(t, "sent")
	name := relation + " " + date.Format("2-Jan-2006")
	if sent {
		name = "SENT" + name
	}
	return question{name, func(l *letter, _ int) bool {
		date := l.received
		if sent {
			date = l.sent
		}
		shown := date.Format(time.DateOnly)
		switch {
		case date.IsZero():
			return false
		case relation == "BEFORE":
			return shown < day
		case relation == "ON":
			return shown == day
		}
		return shown >= day
	}}
}

// indexStates are what may be the matter with a search index.
var indexStates = []string{"none", "partial", "full", "damaged"}

// addIndexed appends letters and brings the search index into a state.
func (h *house) addIndexed(t testing.TB, account store.AccountID, box store.MailboxID, letters []*letter, state string) {
	t.Helper()
	half := len(letters)
	if state == "partial" {
		half /= 2
	}
	for i, some := range [][]*letter{letters[:half], letters[half:]} {
		var batch store.Batch
		for _, l := range some {
			batch.Messages = append(batch.Messages, store.NewMessage{Mailbox: box, Raw: l.raw(), Flags: l.flags, Received: l.received})
		}
		if len(some) == 0 {
			continue
		}
		added, err := h.store.Append(t.Context(), batch)
		check(t, err)
		for i, a := range added {
			some[i].uid = a.UID
		}
		if state != "none" && i == 0 {
			check(t, h.store.IndexNow(t.Context(), account))
		}
	}
	if state == "damaged" {
		file := filepath.Join(h.dir, "search", fmt.Sprintf("%d.db", account))
		for _, name := range []string{file, file + "-wal"} {
			whole, err := os.ReadFile(name)
			check(t, err)
			check(t, os.WriteFile(name, bytes.Repeat([]byte{0xa5}, len(whole)), 0o600))
		}
	}
}

// SEARCH over the wire finds what a naive search over the same letters finds,
// whatever the state of the search index.
func TestSearchAgainstNaive(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	conn := h.bare(t)
	account := h.account(t, annaAddress)
	mailboxes := 0
	rapid.Check(t, func(rt *rapid.T) {
		mailboxes++
		box, err := h.store.CreateMailbox(t.Context(), account, fmt.Sprintf("box %d", mailboxes), "")
		check(t, err)
		most := rapid.SampledFrom([]int{8, 8, 8, 2 * openFew}).Draw(rt, "most") // cards are for many
		letters := rapid.SliceOfN(rapid.Custom(drawLetter), most/2, most).Draw(rt, "letters")
		h.addIndexed(t, account, box.ID, letters, rapid.SampledFrom(indexStates).Draw(rt, "index"))
		conn.command(rt, `EXAMINE "`+box.Name+`"`)
		conn.learnIDs(rt, letters)
		for range 5 {
			q := drawQuestion(rt, 3, letters)
			want, modseq := "* SEARCH", 0
			for i, l := range letters {
				if q.ask(l, i+1) {
					want += fmt.Sprintf(" %d", i+1)
					modseq = max(modseq, l.modseq)
				}
			}
			if modseq > 0 && strings.Contains(q.text, "MODSEQ") {
				want += fmt.Sprintf(" (MODSEQ %d)", modseq) // RFC 7162, section 3.1.5
			}
			if got := conn.command(rt, "SEARCH "+q.text); len(got) != 1 || got[0] != want {
				rt.Errorf("%s: %q, want %q", q.text, got, want)
			}
		}
	})
}

// learnIDs reads what the server gave the letters of the selected mailbox.
func (b *bareConn) learnIDs(t failer, letters []*letter) {
	t.Helper()
	for _, line := range b.command(t, "FETCH 1:* (EMAILID THREADID MODSEQ)") {
		var seq, modseq int
		var email, thread string
		if !strings.Contains(line, " FETCH (") {
			continue // that CONDSTORE is on from now
		}
		line = strings.NewReplacer("(", " ", ")", " ").Replace(line)
		if _, err := fmt.Sscanf(line, "* %d FETCH EMAILID %s THREADID %s MODSEQ %d", &seq, &email, &thread, &modseq); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		l := letters[seq-1]
		l.email, l.thread, l.modseq = email, thread, modseq
	}
}

// A naiveOrder is a criterion of SORT and the naive key for it, which sorts as text.
type naiveOrder struct {
	name string
	key  func(l *letter) string
}

// naiveMailbox is the part of the first address that SORT looks at.
func naiveMailbox(addresses string) string {
	if addresses == "" {
		return ""
	}
	return map[bool]string{true: "ANNA", false: "BOB"}[addresses[0] == 'A']
}

func naiveOrders() []naiveOrder {
	moment := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	return []naiveOrder{
		{"ARRIVAL", func(l *letter) string { return moment(l.received) }},
		{"DATE", func(l *letter) string {
			if l.sent.IsZero() {
				return moment(l.received)
			}
			return moment(l.sent)
		}},
		{"SIZE", func(l *letter) string { return fmt.Sprintf("%09d", len(l.raw())) }},
		{"SUBJECT", func(l *letter) string { return message.CollationKey(l.subject) }},
		{"FROM", func(l *letter) string { return naiveMailbox(l.from) }},
		{"DISPLAYFROM", func(l *letter) string { return map[bool]string{true: "ANNA", false: "BOB@"}[l.from[0] == 'A'] }},
		{"TO", func(l *letter) string { return naiveMailbox(l.to) }},
		{"CC", func(l *letter) string { return naiveMailbox(l.cc) }},
	}
}

// SORT gives the order of a naive, stable sort.
func TestSortAgainstNaive(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	conn := h.bare(t)
	account, mailboxes := h.account(t, annaAddress), 0
	rapid.Check(t, func(rt *rapid.T) {
		mailboxes++
		box, err := h.store.CreateMailbox(t.Context(), account, fmt.Sprintf("sorted %d", mailboxes), "")
		check(t, err)
		letters := rapid.SliceOfN(rapid.Custom(drawLetter), 1, 10).Draw(rt, "letters")
		h.addIndexed(t, account, box.ID, letters, "none")
		conn.command(rt, `EXAMINE "`+box.Name+`"`)
		for range 3 {
			criteria, want := "", slices.Clone(letters)
			var compare []func(a, b *letter) int
			for range rapid.IntRange(1, 3).Draw(rt, "criteria") {
				o, sign := rapid.SampledFrom(naiveOrders()).Draw(rt, "order"), 1
				if rapid.Bool().Draw(rt, "reverse") {
					criteria, sign = criteria+" REVERSE", -1
				}
				criteria += " " + o.name
				compare = append(compare, func(a, b *letter) int { return sign * strings.Compare(o.key(a), o.key(b)) })
			}
			slices.SortStableFunc(want, func(a, b *letter) int {
				for _, by := range compare {
					if n := by(a, b); n != 0 {
						return n
					}
				}
				return 0
			})
			line := "* SORT"
			for _, l := range want {
				line += fmt.Sprint(" ", l.uid)
			}
			command := "UID SORT (" + criteria[1:] + ") UTF-8 ALL"
			if got := conn.command(rt, command); len(got) != 1 || got[0] != line {
				rt.Errorf("%s: %q, want %q", command, got, line)
			}
		}
	})
}
