package telemetry

import (
	"crypto/tls"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"letterbox/habit"
)

// A Session is one connection, as it is watched from the outside: who, since
// when, how much. The connection's own goroutine tells it what happens; anybody
// may ask. A nil Session is told in vain.
//
// What happens with each command and each packet touches atomics alone.
type Session struct {
	t      *Telemetry
	id     int64
	kick   func()
	closed func()
	since  time.Time

	received, sent, commands atomic.Int64
	active                   atomic.Int64 // when something came last, in nanoseconds since 1970
	waiting                  atomic.Int32 // a Waiting
	habits                   atomic.Pointer[habit.Device]

	mu       sync.Mutex // guards all below
	who      Who
	identity habit.Identity
	mailbox  Seen
}

// Who is at the other end of a session.
type Who struct {
	Protocol  string // "imap", "smtp" or "submission"
	Remote    netip.Addr
	TLS       string // "TLS 1.3"; "" without
	Account   int64  // 0 before sign-in
	Address   string // of the user
	Mechanism string // by which they signed in
	With      AppPassword
	Client    habit.Client
	Device    string // in words, "" before sign-in
	DeviceKey string
}

// An AppPassword is what somebody signed in with; zero: the password of their own.
type AppPassword struct {
	ID   int64
	Name string
}

// Seen is how far a client knows a mailbox.
type Seen struct {
	Mailbox int64 // 0: none
	ModSeq  uint64
}

// Waiting is how a client hears of news.
type Waiting int32

// How clients hear of news.
const (
	Polls Waiting = iota
	Idles
	Notified
)

// String is the word for it in series and pages.
func (w Waiting) String() string { return [...]string{"poll", "idle", "notify"}[w] }

// A Glance is a session as it is at one moment.
type Glance struct {
	ID       int64
	Who      Who
	Since    time.Time
	Active   time.Time // when something came from the client last
	Waiting  Waiting
	Received int64 // bytes, within TLS
	Sent     int64
	Commands int64
	Seen     Seen
}

// A Record is a session that has ended.
type Record struct {
	Glance
	Ended time.Time
	End   string // "logout", "closed" (without a word), "broken", "timeout", "stopping", "kicked" or "refused"
}

// sessions are those that are open.
type sessions struct {
	mu     sync.Mutex
	last   int64
	open   map[int64]*Session
	kicked map[int64]bool
	ended  []func(Record)
}

// Open begins to watch a connection. kick ends it, from any goroutine. Close has
// to follow.
func (t *Telemetry) Open(protocol string, remote netip.Addr, kick func()) *Session {
	if t == nil {
		return nil
	}
	s := &Session{t: t, kick: kick, since: t.now(), closed: t.Connected(protocol)}
	s.who.Protocol, s.who.Remote = protocol, remote.Unmap()
	s.active.Store(s.since.UnixNano())
	r := &t.sessions
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last++
	s.id = r.last
	r.open[s.id] = s
	return s
}

// OnEnd has fn called with each session of a user that has ended, on the
// session's goroutine: it must return at once. To be called before the first
// session.
func (t *Telemetry) OnEnd(fn func(Record)) { t.sessions.ended = append(t.sessions.ended, fn) }

// Close notes the end, and why. Calling it again does nothing.
func (s *Session) Close(end string) {
	if s == nil {
		return
	}
	r := &s.t.sessions
	r.mu.Lock()
	_, open := r.open[s.id]
	if r.kicked[s.id] {
		end = "kicked"
	}
	delete(r.open, s.id)
	delete(r.kicked, s.id)
	r.mu.Unlock()
	if !open {
		return
	}
	s.closed()
	g := s.Glance()
	if g.Who.TLS == "" {
		s.t.traffic.Plain.Add(1)
	}
	s.Habits().Ended(s.t.now().Sub(s.since), end == "broken" || end == "closed" || end == "timeout")
	if g.Who.Account != 0 {
		record := Record{g, s.t.now(), end}
		for _, fn := range r.ended {
			fn(record)
		}
	}
}

// Secured notes that TLS is on.
func (s *Session) Secured(state tls.ConnectionState) {
	if s == nil {
		return
	}
	version := tls.VersionName(state.Version)
	s.t.secured.WithLabelValues(s.who.Protocol, version).Inc()
	if state.Version == tls.VersionTLS13 {
		s.t.traffic.TLS13.Add(1)
	} else {
		s.t.traffic.TLS12.Add(1)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.who.TLS = version
}

// SignedIn notes who it is.
func (s *Session) SignedIn(account int64, address, mechanism string, with AppPassword) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.who.Account, s.who.Address, s.who.Mechanism, s.who.With = account, address, mechanism, with
	s.identity = habit.Identity{Address: address, Password: with.Name, Client: s.who.Client, Remote: s.who.Remote}
	s.recognise()
}

// SignedOut notes that the session is nobody's again.
func (s *Session) SignedOut() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.who.Account, s.who.Address, s.who.Mechanism, s.who.With = 0, "", "", AppPassword{}
	s.identity.Address = ""
	s.recognise()
}

// Introduced notes what the client says of itself.
func (s *Session) Introduced(c habit.Client) {
	if s == nil || c.Name == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.who.Client = c.Clean()
	s.identity.Client = s.who.Client
	s.recognise()
}

// recognise finds the device; s.mu is held.
func (s *Session) recognise() {
	device := s.t.habits.Device(s.identity, s.habits.Load())
	s.habits.Store(device)
	s.who.Device, s.who.DeviceKey = "", ""
	if device != nil {
		s.who.Device, s.who.DeviceKey = device.Words(), device.Key()
	}
}

// Habits is where the session's device is watched; nil before sign-in, and may be
// used then.
func (s *Session) Habits() *habit.Device {
	if s == nil {
		return nil
	}
	return s.habits.Load()
}

// Received and Sent count bytes.
func (s *Session) Received(n int) {
	if s != nil {
		s.received.Add(int64(n))
	}
}

// Sent counts bytes to the client.
func (s *Session) Sent(n int) {
	if s != nil {
		s.sent.Add(int64(n))
	}
}

// Waits notes how the client hears of news from now on.
func (s *Session) Waits(w Waiting) {
	if s == nil {
		return
	}
	s.waiting.Store(int32(w))
	if w != Polls {
		s.Habits().Waited()
	}
}

// Knows notes how far the client knows the mailbox that it has selected.
func (s *Session) Knows(mailbox int64, modseq uint64) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mailbox = Seen{mailbox, modseq}
}

// Glance is the session as it is now.
func (s *Session) Glance() Glance {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Glance{
		ID: s.id, Who: s.who, Since: s.since, Active: time.Unix(0, s.active.Load()),
		Waiting:  Waiting(s.waiting.Load()),
		Received: s.received.Load(), Sent: s.sent.Load(), Commands: s.commands.Load(),
		Seen: s.mailbox,
	}
}

// Sessions are those that are open now, the oldest first.
func (t *Telemetry) Sessions() []Glance {
	if t == nil {
		return nil
	}
	t.sessions.mu.Lock()
	open := make([]*Session, 0, len(t.sessions.open))
	for _, s := range t.sessions.open {
		open = append(open, s)
	}
	t.sessions.mu.Unlock()
	list := make([]Glance, len(open))
	for i, s := range open {
		list[i] = s.Glance()
	}
	slices.SortFunc(list, func(a, b Glance) int { return int(a.ID - b.ID) })
	return list
}

// Kick ends those open sessions for which the function is true, and returns how
// many there are.
func (t *Telemetry) Kick(which func(Glance) bool) int {
	n := 0
	for _, g := range t.Sessions() {
		if !which(g) {
			continue
		}
		t.sessions.mu.Lock()
		s, ok := t.sessions.open[g.ID]
		if ok {
			t.sessions.kicked[g.ID] = true
		}
		t.sessions.mu.Unlock()
		if ok {
			s.kick()
			n++
		}
	}
	return n
}
