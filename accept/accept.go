// Package accept takes connections for a protocol server: as many as its limits
// permit, in all and from one network, and lets them come to a good end when the
// server stops.
package accept

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"
)

// A Session serves one connection. Wake and Close may be called from others than
// Run's goroutine.
type Session interface {
	Run(ctx context.Context) // returns when the connection has ended
	Wake()                   // the server stops: who waits for the client says goodbye
	Close()                  // ends the connection; what runs fails
}

// A Server says how to serve a listener.
type Server struct {
	Limiter *Limiter
	Log     *slog.Logger
	Grace   time.Duration // for what runs when the server stops
	Proxies Proxies       // who connects for others
	Refusal string        // the line for those beyond the limits; "": they hear nothing, as where TLS comes first

	Refused func(peer netip.Addr) // hears of those beyond the limits; may be nil

	// New makes the session of a connection; stopping is closed when the server
	// stops.
	New func(conn net.Conn, stopping <-chan struct{}) Session
}

// A gathering is the sessions of one listener.
type gathering struct {
	*Server
	stopping <-chan struct{}

	mu       sync.Mutex
	sessions map[Session]struct{}
	ended    sync.WaitGroup

	introductions sync.WaitGroup // of those whom proxies connect for
}

// Serve accepts connections until ctx ends or ln is closed. Then sessions that
// wait are woken at once, and what runs may finish within Grace; it returns when
// all its sessions have ended. It closes ln.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	running, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(running, func() { _ = ln.Close() })()

	// What runs may finish, so sessions do not get the context that stops.
	working, abandon := context.WithCancel(context.WithoutCancel(ctx))
	defer abandon()

	g := &gathering{Server: s, stopping: running.Done(), sessions: map[Session]struct{}{}}
	err := g.accept(running, working, ln)
	stop()
	g.drain(abandon)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// accept starts a session for each connection until the listener is closed.
func (g *gathering) accept(running, working context.Context, ln net.Listener) error {
	for {
		conn, err := ln.Accept()
		switch {
		case running.Err() != nil:
			if err == nil {
				_ = conn.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return nil
		case err != nil:
			// Mostly too many open files: others close theirs meanwhile.
			g.Log.Error("accept failed", "error", err)
			pause(running, 100*time.Millisecond)
		case g.Proxies.has(conn):
			g.introductions.Go(func() { g.admitProxied(running, working, conn) })
		default:
			g.admit(working, conn)
		}
	}
}

// admit starts a session unless there are too many.
func (g *gathering) admit(working context.Context, conn net.Conn) {
	if !g.Limiter.Connect(Peer(conn)) {
		g.refuse(conn)
		return
	}
	g.start(working, conn)
}

// pause waits, or less when ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// refuse turns away a connection beyond the limits at little cost: it holds up
// the accepting of others no longer than a write into an empty socket buffer.
func (g *gathering) refuse(conn net.Conn) {
	g.Log.Warn("connection refused", "remote", Peer(conn), "reason", "too many connections")
	if g.Refused != nil {
		g.Refused(Peer(conn))
	}
	if g.Refusal != "" {
		_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = conn.Write([]byte(g.Refusal))
	}
	_ = conn.Close()
}

func (g *gathering) start(ctx context.Context, conn net.Conn) {
	s := g.New(conn, g.stopping)
	peer := Peer(conn)
	g.mu.Lock()
	g.sessions[s] = struct{}{}
	g.mu.Unlock()
	g.ended.Go(func() {
		s.Run(ctx)
		g.Limiter.Disconnect(peer)
		g.mu.Lock()
		delete(g.sessions, s)
		g.mu.Unlock()
	})
}

// drain wakes the sessions that wait, so that they say goodbye, and gives the
// others the grace.
func (g *gathering) drain(abandon func()) {
	g.introductions.Wait()
	g.each(Session.Wake)
	late := time.AfterFunc(g.Grace, func() {
		abandon()
		g.each(Session.Close)
	})
	g.ended.Wait()
	late.Stop()
}

func (g *gathering) each(fn func(Session)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for s := range g.sessions {
		fn(s)
	}
}
