package imapd

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"letterbox/accept"
	"letterbox/telemetry"
)

// slowest is the rate in bytes per second below which a peer's transfer of
// something long is given up.
const slowest = 4 << 10

// A link is a session's connection. The session reads and writes; wake alone
// may be called by others.
//
// A wake-up moves the read deadline into the past, but only while wait is
// waiting for the first byte of something: a read in the middle of a command is
// never disturbed, and a wake-up that comes at another time makes the next wait
// return at once. None is lost.
type link struct {
	conn         net.Conn
	writeTimeout time.Duration
	first        [1]byte // what wait or watch has read
	ahead        bool    // first is still to be read by Read
	watching     *watch  // nil: nobody watches

	watched *telemetry.Session // counts the bytes; may be nil

	// With COMPRESS; see there. in is nil without, out while the session rests.
	in        *inflater
	raw       []byte // for what in is fed with; nil while the session rests
	out       *deflater
	deflaters *sync.Pool
	late      int // bytes of the end of the last flush that may come after it is off

	mu      sync.Mutex // guards conn (against wake), waiting, woken
	waiting bool
	woken   bool
}

// wait waits for the first byte of what the client sends next, which Read will
// return. It returns false when it was woken. It needs no buffer.
func (l *link) wait(timeout time.Duration) (ready bool, err error) {
	if l.in == nil {
		return l.waitForPlain(timeout)
	}
	// What comes may be the end of a flush and no data at all.
	for end := time.Now().Add(timeout); !l.in.available(); timeout = time.Until(end) {
		if ready, err := l.waitForByte(timeout); !ready {
			return false, err
		}
		l.ahead = false
		l.in.feed(l.first[:])
	}
	return true, nil
}

// waitForPlain passes over the end of a flush of which only the rest was
// compressed data still: the empty stored block's length and its complement.
func (l *link) waitForPlain(timeout time.Duration) (ready bool, err error) {
	for {
		if ready, err := l.waitForByte(timeout); !ready {
			return false, err
		}
		if l.late == 0 || l.first[0] != 0 && l.first[0] != 0xff {
			l.late = 0
			return true, nil
		}
		l.late--
		l.ahead = false
	}
}

func (l *link) waitForByte(timeout time.Duration) (ready bool, err error) {
	l.unwatch()
	if l.ahead {
		return true, nil
	}
	if !l.startWaiting(timeout) {
		return false, nil
	}
	n, err := l.conn.Read(l.first[:])
	l.watched.Received(n)
	woken := l.stopWaiting(n == 1)
	switch {
	case n == 1:
		l.ahead = true
		return true, nil
	case woken && errors.Is(err, os.ErrDeadlineExceeded):
		return false, nil
	}
	return false, err
}

func (l *link) startWaiting(timeout time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.woken {
		l.woken = false
		return false
	}
	l.waiting = true
	_ = l.conn.SetReadDeadline(time.Now().Add(timeout)) // fails on a closed connection, and so will Read
	return true
}

// stopWaiting reports whether wake was called. A wake-up that came together with
// the byte is kept for the next wait.
func (l *link) stopWaiting(keep bool) (woken bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = false
	woken = l.woken
	l.woken = keep && woken
	return woken
}

// wake ends the wait that is under way, or the next one. It does not block.
func (l *link) wake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.woken = true
	if l.waiting {
		_ = l.conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// within bounds the reads that follow, until the next call or wait.
func (l *link) within(d time.Duration) { _ = l.conn.SetReadDeadline(time.Now().Add(d)) }

// Read is for the session's buffer.
func (l *link) Read(p []byte) (int, error) {
	if l.in == nil {
		return l.read(p)
	}
	if l.raw == nil {
		l.raw = make([]byte, readBuffer)
	}
	for !l.in.available() {
		n, err := l.read(l.raw)
		if err != nil {
			return 0, err
		}
		l.in.feed(l.raw[:n])
	}
	return l.in.Read(p)
}

func (l *link) read(p []byte) (int, error) {
	l.unwatch()
	if l.ahead && len(p) > 0 {
		l.ahead = false
		p[0] = l.first[0]
		return 1, nil
	}
	n, err := l.conn.Read(p)
	l.watched.Received(n)
	return n, err
}

// Write gives the client writeTimeout, and longer for more, to take p.
func (l *link) Write(p []byte) (int, error) {
	if l.in == nil {
		return l.write(p)
	}
	if l.out == nil {
		l.out = l.deflaters.Get().(*deflater)
		l.out.w.Reset(&l.out.out)
	}
	compressed, err := l.out.compress(p)
	if err != nil {
		return 0, err
	}
	if _, err := l.write(compressed); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (l *link) write(p []byte) (int, error) {
	_ = l.conn.SetWriteDeadline(time.Now().Add(l.writeTimeout + transferTime(int64(len(p)))))
	n, err := l.conn.Write(p)
	l.watched.Sent(n)
	return n, err
}

// compress turns compression on, both ways. early is what was read already.
func (l *link) compress(deflaters *sync.Pool, early []byte) {
	l.in, l.deflaters = &inflater{}, deflaters
	l.in.feed(early)
}

// decompress turns compression off again. Nothing that was read may be pending.
func (l *link) decompress() {
	l.rest()
	l.in, l.late = nil, 4
}

// rest gives back what only a busy session needs.
func (l *link) rest() {
	if l.in == nil {
		return
	}
	l.in.rest()
	l.raw = nil
	if l.out != nil {
		l.deflaters.Put(l.out)
		l.out = nil
	}
}

// transferTime is how long n bytes may take.
func transferTime(n int64) time.Duration { return time.Duration(n/slowest) * time.Second }

// secure puts TLS on the connection and shakes hands.
func (l *link) secure(ctx context.Context, cfg *tls.Config, timeout time.Duration) error {
	conn, err := accept.Secure(ctx, l.conn, cfg, timeout)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn = conn
	return nil
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
	_ = conn.Close() // may wait for a moment; wake must not
}

// linger lets the client read the last words: closing at once while it still
// sends would make its side throw them away.
func (l *link) linger() {
	if half, ok := l.conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		l.within(time.Second)
		_, _ = io.CopyN(io.Discard, l.conn, 1<<20)
	}
}
