package smtpd

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// A gathering is the sessions of one listener.
type gathering struct {
	srv  *Server
	door door

	mu       sync.Mutex
	sessions map[*session]struct{}
	ended    sync.WaitGroup
}

func (srv *Server) serve(ctx context.Context, ln net.Listener, d door) error {
	running, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(running, func() { _ = ln.Close() })()

	// What runs may finish, so commands do not get the context that stops.
	working, abandon := context.WithCancel(context.WithoutCancel(ctx))
	defer abandon()

	g := &gathering{srv: srv, door: d, sessions: map[*session]struct{}{}}
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
			g.srv.cfg.Log.Error("accept failed", "error", err)
			pause(running, 100*time.Millisecond)
		case !g.srv.limiter.connect(peerOf(conn)):
			g.refuse(conn)
		default:
			g.start(working, conn)
		}
	}
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
	g.srv.cfg.Log.Warn("connection refused", "protocol", g.door.protocol, "remote", peerOf(conn), "reason", "too many connections")
	if !g.door.implicit {
		_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = conn.Write([]byte("421 4.7.0 too many connections; try again later\r\n"))
	}
	_ = conn.Close()
}

func (g *gathering) start(ctx context.Context, conn net.Conn) {
	s := g.srv.newSession(conn, g.door)
	g.mu.Lock()
	g.sessions[s] = struct{}{}
	g.mu.Unlock()
	g.ended.Go(func() {
		s.run(ctx)
		g.srv.limiter.disconnect(s.peer)
		g.mu.Lock()
		delete(g.sessions, s)
		g.mu.Unlock()
	})
}

// drain ends the sessions that wait, so that they say goodbye, and gives the
// others the grace.
func (g *gathering) drain(abandon func()) {
	g.each(func(s *session) { s.link.stop() })
	late := time.AfterFunc(g.srv.cfg.Timeouts.Grace, func() {
		abandon()
		g.each(func(s *session) { s.link.close() })
	})
	g.ended.Wait()
	late.Stop()
}

func (g *gathering) each(fn func(*session)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for s := range g.sessions {
		fn(s)
	}
}
