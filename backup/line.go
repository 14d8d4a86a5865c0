package backup

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"
)

// Limits of a target far away. They are not on a request as a whole: over a slow
// line a bundle may take as long as it takes, while bytes keep coming through.
const (
	// requestTime is in what time leastPassed bytes must come through, of all that
	// is asked of the target at once, or the request be answered.
	requestTime = 2 * time.Minute
	leastPassed = 256 << 10

	// sendBuffer bounds what the kernel has taken and not sent: nobody can see how
	// that goes on.
	sendBuffer = 128 << 10
)

// errTooSlow says that a target, or the line to it, takes next to nothing.
var errTooSlow = errors.New("it is stuck, or too slow to be of use")

// A line leads to a target: it counts what passes, in both directions.
type line struct {
	wait   time.Duration
	passed atomic.Int64
}

func newLine(a Access) *line {
	if a.wait > 0 {
		return &line{wait: a.wait}
	}
	return &line{wait: requestTime}
}

// dial connects by TCP.
func (l *line) dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(sendBuffer) // a larger one only hides how slow it is
	}
	return &lineConn{conn, l}, nil
}

// A lineConn is one of the connections.
type lineConn struct {
	net.Conn
	line *line
}

func (c *lineConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.line.passed.Add(int64(n))
	return n, err
}

func (c *lineConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.line.passed.Add(int64(n))
	return n, err
}

// request runs fn, whose context ends when too little passes; then the error is
// errTooSlow.
func (l *line) request(ctx context.Context, fn func(context.Context) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go l.watch(ctx, stop)
	err := fn(ctx)
	if cause := context.Cause(ctx); err != nil && errors.Is(cause, errTooSlow) {
		return cause
	}
	return err
}

// watch ends a request that does not get on.
func (l *line) watch(ctx context.Context, stop context.CancelCauseFunc) {
	tick := time.NewTicker(l.wait)
	defer tick.Stop()
	for before := l.passed.Load(); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := l.passed.Load()
		if now-before < leastPassed {
			stop(fmt.Errorf("%w: %d bytes came through in %s; see whether the other side is overloaded, or choose another snapshot.target",
				errTooSlow, now-before, l.wait))
			return
		}
		before = now
	}
}
