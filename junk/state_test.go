package junk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"letterbox/database"
	"letterbox/store"
)

// TestPeerStates: the last that was heard of a peer counts.
func TestPeerStates(t *testing.T) {
	t.Parallel()
	now := time.Now()
	one := &saying{}
	f := New(Options{Peers: []Peer{one}, Now: func() time.Time { return now }})
	state := func(fails bool, why string) {
		t.Helper()
		if s := f.PeerStates(); len(s) != 1 || s[0].Name != "said" || s[0].Fails() != fails || s[0].Why != why {
			t.Errorf("%+v", s)
		}
	}
	ask := func() {
		t.Helper()
		_, _ = f.Inspect(t.Context(), submission()) // refused, once
		now = now.Add(rest + time.Second)
	}
	state(false, "")
	ask()
	state(false, "")
	one.err = fmt.Errorf("nobody is there")
	ask()
	state(true, "nobody is there")
	one.err = &RefusedError{Text: "a virus"} // is an answer
	ask()
	state(false, "nobody is there")
}

// A saying peer answers with an error or none.
type saying struct{ err error }

func (*saying) Name() string { return "said" }

func (p *saying) Ask(context.Context, *Submission) (Evidence, error) { return Evidence{}, p.err }

// TestMisjudged: what its owner puts right is told, once, and nothing else is: not what
// was judged rightly, nor what came in another way than by delivery.
func TestMisjudged(t *testing.T) {
	t.Parallel()
	var told []Class
	h := newHouse(t, func(o *Options) { o.Misjudged = func(is Class) { told = append(told, is) } })
	received := "Received: from x\r\n"
	asJunk := received + string(Judgement{Junk: true, Score: 6, Threshold: 5, Reasons: []Reason{{ReasonAlike, 6, ""}}}.Field())
	h.move(t, anna, h.put(t, anna, "Junk", asJunk, news(1)), "INBOX")    // wronged
	h.move(t, anna, h.put(t, anna, "INBOX", received, pills(1)), "Junk") // missed
	h.move(t, anna, h.put(t, anna, "INBOX", asJunk, pills(2)), "Junk")   // as it was judged
	h.move(t, anna, h.put(t, anna, "INBOX", "", pills(3)), "Junk")       // imported
	h.learnAll(t)
	h.learnAll(t)
	slices.Sort(told)
	if !slices.Equal(told, []Class{Wanted, Junk}) {
		t.Errorf("told %v", told)
	}
	taught, err := h.Taught(t.Context())
	check(t, err)
	if got := taught[anna]; got != [2]int{1, 3} || len(taught) != 1 {
		t.Errorf("taught %v", taught)
	}
}

// TestRulesAreBounded, and one that is there can still be changed.
func TestRulesAreBounded(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var values []string
	for i := range maxRules {
		values = append(values, fmt.Sprintf("(%d, 'shop%d.example', 1)", anna, i))
	}
	check(t, h.db.Write(t.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(`INSERT INTO sender_rule (account, pattern, junk) VALUES ` + strings.Join(values, ","))
		return err
	}))
	if err := h.SetRule(t.Context(), Rule{anna, "one.example", true}); !errors.Is(err, ErrTooManyRules) {
		t.Errorf("one too many: %v", err)
	}
	check(t, h.SetRule(t.Context(), Rule{anna, "shop1.example", false}))
	check(t, h.SetRule(t.Context(), Rule{ben, "one.example", true}))
	check(t, h.SetRule(t.Context(), Rule{store.AccountID(0), "one.example", true}))
}
