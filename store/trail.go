package store

import (
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
)

// trailLength is how many changed messages a view remembers one by one.
const trailLength = 64

// A trail remembers the last few changes of a view, so that a session that is
// nearly up to date need not compare every message.
type trail struct {
	steps []step
	from  ModSeq // every change above this one is in steps

	commits [8]commit // the latest, in turn
	next    int
}

// A commit is when a change was made.
type commit struct {
	modseq ModSeq
	at     time.Time
}

// clock notes the time of a commit.
func (t *trail) clock(m ModSeq) {
	t.commits[t.next%len(t.commits)] = commit{m, time.Now()}
	t.next++
}

// after is when the first change after a modseq was made, or the oldest that it
// remembers; zero when there is none.
func (t *trail) after(m ModSeq) time.Time {
	for i := max(t.next-len(t.commits), 0); i < t.next; i++ {
		if c := t.commits[i%len(t.commits)]; c.modseq > m {
			return c.at
		}
	}
	return time.Time{}
}

type step struct {
	modseq ModSeq
	uid    imap.UID
}

// record notes what a commit added and flagged.
func (t *trail) record(c *change) {
	n := len(c.added) + len(c.flagged)
	if n > trailLength {
		t.steps, t.from = t.steps[:0], c.ModSeq
		return
	}
	for over := len(t.steps) + n - trailLength; over > 0 && len(t.steps) > 0; over-- {
		t.from = t.steps[0].modseq
		t.steps = slices.Delete(t.steps, 0, 1)
	}
	for _, e := range c.flagged {
		t.steps = append(t.steps, step{e.ModSeq, e.UID})
	}
	for _, e := range c.added {
		t.steps = append(t.steps, step{e.ModSeq, e.UID})
	}
}

// since returns the uids, ascending, that changed after a modseq, some of them
// perhaps gone; false when it does not remember that far.
func (t *trail) since(modseq ModSeq) ([]imap.UID, bool) {
	if modseq < t.from {
		return nil, false
	}
	var uids []imap.UID
	for _, s := range t.steps {
		if s.modseq > modseq {
			uids = append(uids, s.uid)
		}
	}
	slices.Sort(uids)
	return slices.Compact(uids), true
}
