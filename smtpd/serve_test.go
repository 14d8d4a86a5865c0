package smtpd

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
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
	expectLine(t, r, "220 ")
	return client, r
}

// strangers runs a server for people who never name a recipient: it needs no
// store.
func strangers(t *testing.T, cfg Config) (l *pipeListener, stop func() error) {
	l = newPipeListener()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- New(cfg).ServeMX(ctx, l) }()
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

// Whoever says nothing has to leave, and so does whoever says it letter by
// letter: time counts for the whole line.
func TestCommandTimeout(t *testing.T) {
	t.Parallel()
	for name, every := range map[string]time.Duration{"silent": time.Hour, "slow": 30 * time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l, stop := strangers(t, Config{})
				conn, r := l.dial(t)
				start := time.Now()
				var typing sync.WaitGroup
				typing.Go(func() {
					for {
						time.Sleep(every)
						if _, err := conn.Write([]byte("N")); err != nil {
							return
						}
					}
				})
				expectLine(t, r, "421 4.4.2 you have been quiet for too long")
				if took := time.Since(start); took != 5*time.Minute {
					t.Errorf("goodbye after %v", took)
				}
				_ = conn.Close()
				typing.Wait()
				if err := stop(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// A peer that does not take what is written to it holds up nobody for long.
func TestWriteTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, stop := strangers(t, Config{})
		client, server := net.Pipe()
		l.conns <- server // and nobody reads the greeting
		start := time.Now()
		synctest.Wait()
		time.Sleep(time.Minute)
		synctest.Wait()
		if _, err := client.Read(make([]byte, 1)); err != io.EOF && err != io.ErrClosedPipe {
			t.Errorf("the connection is open after %v: %v", time.Since(start), err)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// TestEndlessLine: a line is read to a limit, however long it goes on.
func TestEndlessLine(t *testing.T) {
	t.Parallel()
	l, stop := strangers(t, Config{})
	conn, r := l.dial(t)
	go func() { _, _ = conn.Write([]byte(strings.Repeat("x", maxCommandLine) + "\r\nNOOP\r\n")) }()
	expectLine(t, r, "500 5.5.6 a command line may have 12290 bytes")
	expectLine(t, r, "250 ")
	var sent atomic.Int64
	go func() {
		for {
			n, err := conn.Write([]byte(strings.Repeat("x", 1<<10)))
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	}()
	expectLine(t, r, "421 4.7.0 a command line is far too long")
	if n := sent.Load(); n > 2*maxSkippedLine {
		t.Errorf("%d bytes were read", n)
	}
	_ = conn.Close()
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// TestFlood opens 10,000 connections from one address. As many as allowed are
// served, the others hear that they are too many, and another address is served
// all the same.
func TestFlood(t *testing.T) {
	t.Parallel()
	const allowed, callers, each = 20, 50, 200 // 10,000 in all
	h := newHouse(t)
	door := h.serve(t, Config{Limits: Limits{PerAddress: allowed}})["mx"]
	served := make(chan net.Conn, callers*each)
	var refused atomic.Int64
	var calls sync.WaitGroup
	call := func() {
		conn, err := net.Dial("tcp", door)
		if err != nil {
			t.Error(err)
			return
		}
		line, _ := bufio.NewReader(conn).ReadString('\n')
		switch {
		case strings.HasPrefix(line, "220 "):
			served <- conn
			return
		case strings.HasPrefix(line, "421 4.7.0 too many connections"):
			refused.Add(1)
		}
		_ = conn.Close()
	}
	for range callers {
		calls.Go(func() {
			for range each {
				call()
			}
		})
	}
	calls.Wait()
	other := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	conn, err := other.Dial("tcp", door)
	check(t, err)
	expectLine(t, bufio.NewReader(conn), "220 ")
	_ = conn.Close()
	if len(served) != allowed || refused.Load() != callers*each-allowed {
		t.Errorf("%d were served and %d refused, want %d and %d", len(served), refused.Load(), allowed, callers*each-allowed)
	}
	close(served)
	for conn := range served {
		_ = conn.Close()
	}
}

// TestStopDuringMessage: a message that is on its way in when the server stops is
// taken, and only then comes the goodbye.
func TestStopDuringMessage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	conn, err := net.Dial("tcp", h.serve(t, Config{})["mx"])
	check(t, err)
	defer conn.Close()
	r := bufio.NewReader(conn)
	expectLine(t, r, "220 ")
	send := func(text string) {
		_, err := conn.Write([]byte(text))
		check(t, err)
	}
	send("HELO client.example.net\r\nMAIL FROM:<>\r\nRCPT TO:<anna@example.org>\r\nDATA\r\n")
	for _, code := range []string{"250 ", "250 ", "250 ", "354 "} {
		expectLine(t, r, code)
	}
	send("Subject: half\r\n")
	h.cancel()
	send("\r\nwhole\r\n.\r\n")
	expectLine(t, r, "250 2.0.0 accepted")
	expectLine(t, r, "421 4.3.2 ")
	h.stop()
	if all := h.messages(t, annaAddress, "INBOX"); len(all) != 1 {
		t.Errorf("%d messages", len(all))
	}
}

// TestHalfAMessage: what breaks off is not accepted.
func TestHalfAMessage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	srv := h.server(Config{})
	for _, half := range []string{"DATA\r\nSubject: half\r\n.", "BDAT 10\r\nSubject", "BDAT 9\r\nSubject\r\n", "BDAT 10 LAST\r\nSubject"} {
		c := call(t, srv, doorMX, "192.0.2.1")
		c.expect("EHLO client.example.net", "250")
		c.expect("MAIL FROM:<>", "250")
		c.expect("RCPT TO:<anna@example.org>", "250")
		go func() { _, _ = io.Copy(io.Discard, c.conn) }()
		_, err := c.conn.Write([]byte(half))
		check(t, err)
		c.close()
	}
	if all := h.messages(t, annaAddress, "INBOX"); len(all) != 0 {
		t.Errorf("accepted %q", all)
	}
}

// TestSlowMessage: a message that does not go on is given up.
func TestSlowMessage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c := call(t, h.server(Config{Timeouts: Timeouts{Data: 50 * time.Millisecond}}), doorMX, "192.0.2.1")
	defer c.close()
	c.expect("HELO client.example.net", "250")
	c.expect("MAIL FROM:<>", "250")
	c.expect("RCPT TO:<anna@example.org>", "250")
	c.expect("DATA", "354")
	c.expect("Subject: slow", "421")
}
