package smtpd

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"sync"
	"time"

	"letterbox/accept"
	"letterbox/telemetry"
)

// slowest is the rate in bytes per second below which a peer's transfer of
// something long is given up.
const slowest = 4 << 10

// A link is a session's connection. The session reads and writes; stop and close
// alone may be called by others.
//
// stop moves the read deadline into the past, but only while the session waits
// for a command: a message on its way in is never disturbed.
type link struct {
	conn         net.Conn
	writeTimeout time.Duration
	deadline     func() time.Time // if set, gives the deadline anew for each read

	watched *telemetry.Session // counts the bytes; may be nil

	mu      sync.Mutex // guards conn (against close and stop), waiting, stopped
	waiting bool
	stopped bool
}

// startWaiting bounds the reads that follow and lets stop interrupt them. It
// fails when stop was called.
func (l *link) startWaiting(timeout time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopped {
		return errStopping
	}
	l.waiting = true
	_ = l.conn.SetReadDeadline(time.Now().Add(timeout)) // fails on a closed connection, and so will Read
	return nil
}

// stopWaiting fails when stop was called meanwhile.
func (l *link) stopWaiting() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = false
	if l.stopped {
		return errStopping
	}
	return nil
}

// stop ends the wait that is under way, or the next one. It does not block.
func (l *link) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stopped = true
	if l.waiting {
		_ = l.conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// Read is for the session's buffer.
func (l *link) Read(p []byte) (int, error) {
	if l.deadline != nil {
		_ = l.conn.SetReadDeadline(l.deadline())
	}
	n, err := l.conn.Read(p)
	l.watched.Received(n)
	return n, err
}

// Write gives the client writeTimeout to take p.
func (l *link) Write(p []byte) (int, error) {
	_ = l.conn.SetWriteDeadline(time.Now().Add(l.writeTimeout))
	n, err := l.conn.Write(p)
	l.watched.Sent(n)
	return n, err
}

// transferTime is how long n bytes may take.
func transferTime(n int64) time.Duration { return time.Duration(n/slowest) * time.Second }

// secure puts TLS on the connection and shakes hands.
func (l *link) secure(ctx context.Context, cfg *tls.Config, timeout time.Duration) (*accept.Secured, error) {
	conn, err := accept.Secure(ctx, l.conn, cfg, timeout)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn = conn
	return conn, nil
}

// bindings are what a sign-in can be bound to; nil without TLS.
func (l *link) bindings() map[string][]byte {
	if conn, ok := l.conn.(*accept.Secured); ok {
		return conn.Bindings()
	}
	return nil
}

// close ends the connection. Others may call it.
func (l *link) close() {
	l.mu.Lock()
	conn := l.conn
	l.mu.Unlock()
	_ = conn.Close() // may wait for a moment; stop must not
}

// linger lets the client read the last words: closing at once while it still
// sends would make its side throw them away.
func (l *link) linger() {
	l.deadline = nil
	if half, ok := l.conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		_ = l.conn.SetReadDeadline(time.Now().Add(time.Second))
		_, _ = io.CopyN(io.Discard, l.conn, 1<<20)
	}
}
