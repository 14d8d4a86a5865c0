package junk

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// A Submission is what SMTP said about a message that is looked at.
type Submission struct {
	ID         string // of the transaction
	Hostname   string // ours
	Remote     netip.Addr
	RemoteName string // verified, may be ""
	Helo       string
	Sender     string // reverse-path, "" for <>
	Recipients []string
	Raw        []byte
}

// A Peer is somebody else who looks at mail: a list of addresses, rspamd, a milter,
// a virus scanner.
type Peer interface {
	// Name is what the log and the reasons call it.
	Name() string
	// Ask returns what the peer says, and no later than when ctx ends: it must not
	// read the message after that. A *RefusedError refuses the message; any other
	// error means that the peer said nothing.
	Ask(ctx context.Context, s *Submission) (Evidence, error)
}

// Evidence is what peers said about a message, whoever it is for.
type Evidence struct {
	Reasons []Reason
	Decided string // the reason by which it is junk for everybody; "" for none
}

func (e *Evidence) add(name string, points float64, detail string) {
	e.Reasons = append(e.Reasons, Reason{name, points, detail})
}

// decide makes the message junk for everybody.
func (e *Evidence) decide(name, detail string) {
	e.add(name, 0, detail)
	e.Decided = name
}

// A RefusedError says that a peer wants a message refused.
type RefusedError struct {
	Temporary bool
	Code      int    // of SMTP, 0: 550 or 451
	Text      string // for the client: what was wrong
}

func (e *RefusedError) Error() string { return e.Text }

// Inspect asks all peers at once and waits for no longer than the filter's patience.
// Whoever is not there, is too slow or talks nonsense has said nothing: the message
// goes on, and its owner sees that it was not checked. It fails with *RefusedError
// alone.
func (f *Filter) Inspect(ctx context.Context, s *Submission) (Evidence, error) {
	if f == nil {
		return Evidence{}, nil
	}
	terms := f.terms.Load()
	if len(terms.peers) == 0 {
		return Evidence{}, nil
	}
	limited, cancel := context.WithTimeout(ctx, terms.Patience)
	defer cancel()
	said := make([]Evidence, len(terms.peers))
	refused := make([]*RefusedError, len(terms.peers))
	var group errgroup.Group
	for i, p := range terms.peers {
		group.Go(func() error {
			said[i], refused[i] = f.ask(limited, p, s)
			return nil
		})
	}
	_ = group.Wait() // whoever failed has said nothing
	var all Evidence
	for i, e := range said {
		if refused[i] != nil {
			return Evidence{}, refused[i]
		}
		all.Reasons = append(all.Reasons, e.Reasons...)
		if e.Decided != "" && all.Decided != ReasonVirus {
			all.Decided = e.Decided
		}
	}
	return all, nil
}

// ask asks one peer.
func (f *Filter) ask(ctx context.Context, p *watchedPeer, s *Submission) (Evidence, *RefusedError) {
	e, err := p.ask(ctx, s)
	if refused, ok := err.(*RefusedError); ok {
		return Evidence{}, refused
	}
	if err != nil {
		f.log.WarnContext(ctx, "mail was not checked by a peer", "peer", p.Name(), "message", s.ID, "error", err)
		return Evidence{Reasons: []Reason{{ReasonUnchecked, 0, p.Name() + " did not answer"}}}, nil
	}
	return e, nil
}

// rest is for how long a peer that failed is left alone: one that hangs must not
// hold up every message.
const rest = 30 * time.Second

// A watchedPeer is left alone for a while after it failed.
type watchedPeer struct {
	Peer
	now func() time.Time

	mu     sync.Mutex
	rested time.Time // when it is asked again
	state  PeerState
}

func (p *watchedPeer) ask(ctx context.Context, s *Submission) (Evidence, error) {
	p.mu.Lock()
	until := p.rested
	p.mu.Unlock()
	if p.now().Before(until) {
		return Evidence{}, fmt.Errorf("it failed a moment ago, and is asked again at %s", until.Format(time.TimeOnly))
	}
	e, err := p.Ask(ctx, s)
	_, refused := err.(*RefusedError)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil && !refused {
		p.rested = p.now().Add(rest)
		p.state.Failed, p.state.Why = p.now(), err.Error()
		return e, err
	}
	p.state.Answered = p.now()
	return e, err
}

// oneLine makes a stranger's words fit for a reply or a log.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return ' '
		}
		return r
	}, text)
	return shortenTo(strings.Join(strings.Fields(text), " "), 200)
}

func shortenTo(s string, n int) string { return s[:min(n, len(s))] }
