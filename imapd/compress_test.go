package imapd

import (
	"bufio"
	"compress/flate"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A compressedConn is the client's half of COMPRESS=DEFLATE.
type compressedConn struct {
	net.Conn
	r io.Reader
	w *flate.Writer
}

// newCompressedConn compresses what is written; r is what conn is read through.
func newCompressedConn(conn net.Conn, r io.Reader) *compressedConn {
	w, _ := flate.NewWriter(conn, flate.BestCompression)
	return &compressedConn{conn, flate.NewReader(r), w}
}

func (c *compressedConn) Read(p []byte) (int, error) { return c.r.Read(p) }

func (c *compressedConn) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	if err == nil {
		err = c.w.Flush()
	}
	return n, err
}

// The end of a flush may come behind the command that it ends. It is no command:
// the session goes on waiting, and can be woken.
func TestFlushIsNoCommand(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, client := newTestLink()
		l.compress(nil, nil)
		data := deflate(t, 6, []byte("a NOOP\r\n"))
		late := data[len(data)-4:] // of the empty stored block
		go func() { _, _ = client.Write(data[:len(data)-4]) }()
		if ready, err := l.wait(time.Minute); !ready || err != nil {
			t.Fatalf("wait is %t, %v", ready, err)
		}
		l.within(time.Minute)
		line, err := bufio.NewReader(l).ReadString('\n')
		if line != "a NOOP\r\n" || err != nil {
			t.Errorf("read %q, %v", line, err)
		}
		l.rest()
		go func() {
			_, _ = client.Write(late)
			time.Sleep(time.Second)
			l.wake()
		}()
		if ready, err := l.wait(time.Minute); ready || err != nil {
			t.Errorf("wait for the rest is %t, %v", ready, err)
		}
	})
}

// Nor is it one when compression has ended with the command.
func TestFlushAfterTheEndIsNoCommand(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, client := newTestLink()
		l.compress(nil, nil)
		data := deflate(t, 6, []byte("a UNAUTHENTICATE\r\n"))
		go func() { _, _ = client.Write(data[:len(data)-4]) }()
		if ready, err := l.wait(time.Minute); !ready || err != nil {
			t.Fatalf("wait is %t, %v", ready, err)
		}
		if line, err := bufio.NewReader(l).ReadString('\n'); line != "a UNAUTHENTICATE\r\n" || err != nil {
			t.Fatalf("read %q, %v", line, err)
		}
		l.decompress()
		go func() { _, _ = client.Write(append(data[len(data)-4:], "b NOOP\r\n\x00\xff"...)) }()
		if ready, err := l.wait(time.Minute); !ready || err != nil {
			t.Fatalf("wait is %t, %v", ready, err)
		}
		r := bufio.NewReader(l)
		if line, err := r.ReadString('\n'); line != "b NOOP\r\n" || err != nil {
			t.Errorf("read %q, %v", line, err)
		}
		if next, err := r.ReadByte(); next != 0 || err != nil {
			t.Errorf("later bytes are not what was sent: %d, %v", next, err)
		}
	})
}

// What is written arrives at once, whatever else follows, and the memory for it
// is lent.
func TestCompressedPieces(t *testing.T) {
	t.Parallel()
	srv := New(Config{})
	l, client := newTestLink()
	l.compress(&srv.deflaters, nil)
	plain := bufio.NewReader(flate.NewReader(client))
	for i := range 3 {
		want := fmt.Sprintf("* %d EXISTS\r\n", i)
		go func() { _, _ = l.Write([]byte(want)) }()
		if line, err := plain.ReadString('\n'); line != want || err != nil {
			t.Errorf("got %q, %v", line, err)
		}
		l.rest()
		if l.out != nil || l.raw != nil {
			t.Error("a session at rest holds a compressor")
		}
	}
}

// A compressed connection that idles costs little more than another: no window
// and no tables, only what the client has sent so far.
func TestCompressedIdleConnectionsAreSmall(t *testing.T) {
	const connections = 100
	h := newHouse(t)
	address, _ := h.serve(t, Config{PlaintextLoopback: true, Limits: Limits{PerAddress: connections + 1, PerUser: connections + 1}})
	conns := []net.Conn{compressedIdler(t, address)} // what is loaded once
	before := memory()
	for range connections {
		conns = append(conns, compressedIdler(t, address))
	}
	each := float64(int64(memory())-int64(before)) / connections
	t.Logf("%.1f kB", each/1024)
	if limit := float64(idlePlain + 2<<10); each > limit {
		t.Errorf("an idle connection takes %.0f bytes, more than %.0f", each, limit)
	}
	for _, conn := range conns {
		_ = conn.Close()
	}
}

// compressedIdler opens a connection that idles, compressed. The client's half
// of the compression is forgotten; the socket stays open.
func compressedIdler(t testing.TB, address string) net.Conn {
	raw, err := net.Dial("tcp", address)
	check(t, err)
	_ = raw.SetDeadline(time.Now().Add(patience))
	r := bufio.NewReaderSize(raw, 1)
	expect := func(r *bufio.Reader, prefix string) {
		for {
			line, err := r.ReadString('\n')
			check(t, err)
			if strings.HasPrefix(line, prefix) {
				return
			}
		}
	}
	_, err = fmt.Fprintf(raw, "a LOGIN %s %q\r\nb COMPRESS DEFLATE\r\n", annaAddress, annaPassword)
	check(t, err)
	expect(r, "b OK")
	_, err = raw.Write(deflate(t, 6, []byte("c SELECT INBOX\r\n"), []byte("d IDLE\r\n")))
	check(t, err)
	expect(bufio.NewReader(flate.NewReader(r)), "+ ")
	return raw
}
