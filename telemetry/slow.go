package telemetry

import (
	"sync"
	"time"
)

// slowFrom is from when on a command is worth a line.
const slowFrom = time.Second

// A Slow is a command that took long. It holds nothing that the client wrote.
type Slow struct {
	At      time.Time
	Command string
	Address string // of the user
	Device  string
	Took    time.Duration
}

// slowest keeps the latest of them.
type slowest struct {
	mu   sync.Mutex
	ring [100]Slow
	next int
}

func (l *slowest) add(s Slow) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ring[l.next%len(l.ring)] = s
	l.next++
}

// SlowCommands are the latest that took longer than a second, the newest first.
func (t *Telemetry) SlowCommands() []Slow {
	if t == nil {
		return nil
	}
	l := &t.slow
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []Slow
	for i := l.next - 1; i >= max(l.next-len(l.ring), 0); i-- {
		list = append(list, l.ring[i%len(l.ring)])
	}
	return list
}

// Answered counts a command of the session. bodies says that it read messages;
// waited that it waited for the client or for news, so that how long it took says
// nothing.
func (s *Session) Answered(name, status string, took time.Duration, bodies, waited bool) {
	if s == nil {
		return
	}
	now := s.t.now()
	s.commands.Add(1)
	s.active.Store(now.UnixNano())
	s.t.Command(s.who.Protocol, name, status, took)
	if waited {
		return
	}
	if series, ok := access(name, bodies); ok {
		s.t.spreads[series].Observe(took)
	}
	if took >= slowFrom && isCommandLabel(name) {
		g := s.Glance()
		s.t.slow.add(Slow{At: now, Command: name, Address: g.Who.Address, Device: g.Who.Device, Took: took})
	}
}

// isCommandLabel reports whether the name is one that the program knows.
func isCommandLabel(name string) bool { return commandLabel(name) != other }
