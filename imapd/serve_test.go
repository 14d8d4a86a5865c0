package imapd

import (
	"bufio"
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A pipeListener hands out in-memory connections, whose deadlines follow the
// clock of a synctest bubble.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

// dial connects and reads the greeting.
func (l *pipeListener) dial(t *testing.T) (net.Conn, *bufio.Reader) {
	t.Helper()
	client, server := net.Pipe()
	l.conns <- server
	r := bufio.NewReader(client)
	if line, err := r.ReadString('\n'); !strings.HasPrefix(line, "* OK ") {
		t.Fatalf("greeting is %q, %v", line, err)
	}
	return client, r
}

// strangers runs a server for people who never sign in: it needs no store.
func strangers(t *testing.T, cfg Config) (l *pipeListener, stop func() error) {
	l = newPipeListener()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- New(cfg).Serve(ctx, l) }()
	return l, func() error {
		cancel()
		return <-done
	}
}

func expectLine(t *testing.T, r *bufio.Reader, prefix string) {
	t.Helper()
	if line, err := r.ReadString('\n'); !strings.HasPrefix(line, prefix) {
		t.Errorf("got %q, %v; want %q", line, err, prefix)
	}
}

// Whoever does not sign in in time has to leave, however lively.
func TestSignInTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, stop := strangers(t, Config{})
		conn, r := l.dial(t)
		start := time.Now()
		for range 3 {
			time.Sleep(30 * time.Second)
			_, _ = conn.Write([]byte("a NOOP\r\n"))
			expectLine(t, r, "a OK")
		}
		expectLine(t, r, "* BYE you have been quiet for too long")
		if took := time.Since(start); took != 2*time.Minute {
			t.Errorf("BYE after %v", took)
		}
		_ = conn.Close()
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// A command that comes byte by byte has to be complete in time all the same.
func TestSlowCommandTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, stop := strangers(t, Config{})
		conn, r := l.dial(t)
		start := time.Now()
		var writing sync.WaitGroup
		writing.Go(func() {
			for {
				if _, err := conn.Write([]byte("a")); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		})
		expectLine(t, r, "* BYE")
		if took := time.Since(start); took != time.Minute {
			t.Errorf("BYE after %v", took)
		}
		_ = conn.Close()
		writing.Wait()
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// When the server stops, sessions that wait hear about it at once.
func TestStopSaysGoodbye(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, stop := strangers(t, Config{})
		conn, r := l.dial(t)
		go func() {
			expectLine(t, r, "* BYE [UNAVAILABLE] server is shutting down")
			_ = conn.Close()
		}()
		start := time.Now()
		if err := stop(); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("stopping took %v", took)
		}
	})
}

// A session that does not come to an end is cut off after the grace.
func TestStopCutsOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, stop := strangers(t, Config{})
		conn, _ := l.dial(t)
		_, _ = conn.Write([]byte("a ")) // a command under way
		synctest.Wait()
		start := time.Now()
		if err := stop(); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("stopping took %v", took)
		}
	})
}

// A listener that is closed from outside ends Serve as well.
func TestClosedListener(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newPipeListener()
		done := make(chan error)
		go func() { done <- New(Config{}).Serve(t.Context(), l) }()
		_ = l.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// failingListener fails as when too many files are open, then works.
type failingListener struct {
	*pipeListener
	failures int
}

func (l *failingListener) Accept() (net.Conn, error) {
	if l.failures > 0 {
		l.failures--
		return nil, errors.New("too many open files")
	}
	return l.pipeListener.Accept()
}

func TestAcceptGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &failingListener{newPipeListener(), 3}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- New(Config{}).Serve(ctx, l) }()
		conn, _ := l.dial(t)
		_ = conn.Close()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// A panic ends one connection, no other, and is logged.
func TestPanicIsContained(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newPipeListener()
		ctx, cancel := context.WithCancel(t.Context())
		srv := New(Config{})
		srv.commands["NOOP"].run = nil
		done := make(chan error)
		go func() { done <- srv.Serve(ctx, l) }()
		conn, r := l.dial(t)
		other, rest := l.dial(t)
		_, _ = conn.Write([]byte("a NOOP\r\n"))
		if line, err := r.ReadString('\n'); err == nil {
			t.Errorf("got %q", line)
		}
		_, _ = other.Write([]byte("b LOGOUT\r\n"))
		expectLine(t, rest, "* BYE")
		expectLine(t, rest, "b OK")
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// Without a certificate nothing is served in the clear where TLS is expected.
func TestServeTLSWithoutConfiguration(t *testing.T) {
	t.Parallel()
	if err := New(Config{}).ServeTLS(t.Context(), newPipeListener()); err == nil {
		t.Error("a TLS listener is served without TLS")
	}
}
