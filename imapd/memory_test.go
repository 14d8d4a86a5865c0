package imapd

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"letterbox/store"
)

// What an idle connection may cost the process: heap and stacks, in bytes, of
// both ends of the socket but without the client's TLS.
const (
	idlePlain = 24 << 10
	idleTLS   = 32 << 10
	fullPlain = 28 << 10 // with 10,000 messages
	fullTLS   = 36 << 10
)

func TestIdleConnectionsAreSmall(t *testing.T) {
	const messages, connections = 10_000, 200
	h := newHouse(t)
	fill(t, h, "Archive", messages)
	for _, test := range []struct {
		mailbox string
		secure  bool
		limit   float64
	}{
		{"INBOX", false, idlePlain},
		{"INBOX", true, idleTLS},
		{"Archive", false, fullPlain},
		{"Archive", true, fullTLS},
	} {
		bytes, goroutines := perConnection(t, h, connections, test.secure, test.mailbox)
		t.Logf("%s, TLS %t: %.1f kB", test.mailbox, test.secure, bytes/1024)
		if bytes > test.limit {
			t.Errorf("an idle connection on %s (TLS %t) takes %.0f bytes, more than %.0f", test.mailbox, test.secure, bytes, test.limit)
		}
		if goroutines != 1 {
			t.Errorf("a connection has %.2f goroutines", goroutines)
		}
	}
}

func BenchmarkIdleConnection(b *testing.B) {
	const connections = 1000
	for _, secure := range []bool{false, true} {
		b.Run(fmt.Sprintf("tls=%t", secure), func(b *testing.B) {
			h := newHouse(b)
			for b.Loop() {
				bytes, _ := perConnection(b, h, connections, secure, "INBOX")
				b.ReportMetric(bytes, "B/connection")
			}
		})
	}
}

// fill puts n small messages into a mailbox.
func fill(t testing.TB, h *house, mailbox string, n int) {
	box, err := h.store.Mailbox(t.Context(), h.account(t, annaAddress), mailbox)
	check(t, err)
	for n > 0 {
		batch := make([]store.NewMessage, min(n, 1000))
		for i := range batch {
			batch[i] = store.NewMessage{Mailbox: box.ID, Raw: []byte("Subject: hello\r\n\r\nHello.\r\n")}
		}
		_, err := h.store.Append(t.Context(), store.Batch{Messages: batch})
		check(t, err)
		n -= len(batch)
	}
	check(t, h.store.IndexNow(t.Context(), box.Account)) // or it would be done while something is measured
}

// perConnection opens n connections that sign in, select a mailbox and idle, and
// returns what each adds to the process.
func perConnection(t testing.TB, h *house, n int, secure bool, mailbox string) (bytes, goroutines float64) {
	address, private := h.serve(t, Config{PlaintextLoopback: true, Limits: Limits{PerAddress: n + 1, PerUser: n + 1}})
	if secure {
		address = private
	}
	conns := make([]net.Conn, n+1)
	conns[0] = idler(t, address, secure, mailbox) // what is loaded once
	memoryBefore, goroutinesBefore := memory(), runtime.NumGoroutine()
	for i := range n {
		conns[i+1] = idler(t, address, secure, mailbox)
	}
	bytes = float64(int64(memory())-int64(memoryBefore)) / float64(n)
	goroutines = float64(runtime.NumGoroutine()-goroutinesBefore) / float64(n)
	for _, conn := range conns {
		_ = conn.Close()
	}
	h.stop()
	return bytes, goroutines
}

// idler opens a connection that idles on a mailbox. The client's TLS is
// forgotten; the socket stays open.
func idler(t testing.TB, address string, secure bool, mailbox string) net.Conn {
	raw, err := net.Dial("tcp", address)
	check(t, err)
	_ = raw.SetDeadline(time.Now().Add(patience))
	conn := raw
	if secure {
		conn = tls.Client(raw, &tls.Config{InsecureSkipVerify: true})
	}
	r := bufio.NewReader(conn)
	_, err = fmt.Fprintf(conn, "a LOGIN %s %q\r\nb EXAMINE %s\r\nc IDLE\r\n", annaAddress, annaPassword, mailbox)
	check(t, err)
	for {
		line, err := r.ReadString('\n')
		check(t, err)
		if strings.HasPrefix(line, "+ ") {
			return raw
		}
	}
}

// memory is what the process holds once everything that can be freed is free:
// stacks shrink by half at each collection.
func memory() uint64 {
	var m runtime.MemStats
	for range 5 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}
