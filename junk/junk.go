// Package junk judges mail that arrives: into the inbox, or into Junk, and why. It
// never throws anything away.
//
// What counts is gathered in points (see Judgement): what the words say by what
// was learned (content.go), how the sender's mail was received before (sender.go),
// what the sender's domain says (DMARC), and what others say who were asked
// (peers.go). Whoever its owner has written to, or whose mail they called wanted, is
// never judged by words; exceptions that somebody made (rule.go) come before all.
//
// It learns from what people do: package store writes down, in the transaction of
// the change itself, that a message was moved into Junk or out of it, marked or
// answered; the learner (learner.go) takes these signs up behind, one after the
// other, and keeps each as a lesson in the transaction that strikes the sign out.
// Whatever is in memory is made of the lessons, and made again when they are
// needed. So a sign counts once, whenever the process ends, and a delivery never
// waits for anything to be learned.
//
// Concurrency: Judge may be called by anybody. Learning is done by one at a time.
// What is known of an account has a lock of its own, held for memory alone.
//
// The package speaks SQL because lessons and reputations come into being in the
// transaction that strikes out the sign, and are nobody else's.
package junk

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"letterbox/database"
	"letterbox/store"
)

// DefaultThreshold is the score from which a message goes to Junk.
const DefaultThreshold = 5

// Options of New.
type Options struct {
	DB        *database.DB
	Store     *store.Store
	Log       *slog.Logger
	Threshold float64 // 0: DefaultThreshold

	// WrittenTo reports whether an account has written to an address. May be nil.
	WrittenTo func(ctx context.Context, account int64, address string) (bool, error)

	Peers    []Peer        // who else is asked
	Patience time.Duration // for all of them together; 0: 15 s
	Greylist *Greylist     // nil: nobody has to come twice

	// Misjudged is called when its owner calls a message something else than it was
	// judged to be when it came. May be nil.
	Misjudged func(is Class)

	Now func() time.Time // nil: time.Now
}

// Filter is safe for concurrent use. A nil Filter lets everything through.
type Filter struct {
	db        *database.DB
	store     *store.Store
	log       *slog.Logger
	writtenTo func(ctx context.Context, account int64, address string) (bool, error)
	misjudged func(is Class)
	now       func() time.Time

	terms atomic.Pointer[terms]

	accounts accounts   // what was learned
	learning sync.Mutex // held while a lesson is kept
	arrivals chan arrival
	answers  chan answer
}

// New makes a filter. Nothing is learned before Run.
func New(o Options) *Filter {
	f := &Filter{
		db: o.DB, store: o.Store, log: o.Log, writtenTo: o.WrittenTo, misjudged: o.Misjudged, now: o.Now,
		arrivals: make(chan arrival, mostWaiting), answers: make(chan answer, mostWaiting),
	}
	if f.log == nil {
		f.log = slog.New(slog.DiscardHandler)
	}
	if f.now == nil {
		f.now = time.Now
	}
	if f.writtenTo == nil {
		f.writtenTo = func(context.Context, int64, string) (bool, error) { return false, nil }
	}
	if f.misjudged == nil {
		f.misjudged = func(Class) {}
	}
	f.Use(Terms{o.Threshold, o.Peers, o.Patience, o.Greylist})
	return f
}

// errNoLesson says that a message can teach nothing: it is gone.
var errNoLesson = errors.New("the message is gone")
