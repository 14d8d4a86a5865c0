package accept

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pires/go-proxyproto"
)

// A greeter tells its client whom it takes it for, and what the client said.
type greeter struct {
	conn     net.Conn
	stopping <-chan struct{}
}

func (g greeter) Run(context.Context) {
	said, _ := io.ReadAll(io.LimitReader(g.conn, int64(len(hello))))
	fmt.Fprintf(g.conn, "%s %s", Peer(g.conn), said)
	_ = g.conn.Close()
}

func (g greeter) Wake()  { _ = g.conn.SetReadDeadline(time.Unix(1, 0)) }
func (g greeter) Close() { _ = g.conn.Close() }

const hello = "hello, everybody"

// serve starts greeters that believe proxies on 127.0.0.1.
func serve(t *testing.T, s *Server) (address string, stop func()) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Proxies = Proxies{netip.MustParsePrefix("127.0.0.1/32")}
	s.Log = slog.New(slog.DiscardHandler)
	s.Grace = time.Minute
	s.New = func(conn net.Conn, stopping <-chan struct{}) Session { return greeter{conn, stopping} }
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, ln) }()
	stop = func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		ended <- nil
	}
	t.Cleanup(stop)
	return ln.Addr().String(), stop
}

// ask connects from an address, sends something and returns what comes back.
func ask(t *testing.T, server, from, text string) string {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	conn, err := dialer.Dial("tcp", server)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	_, _ = io.WriteString(conn, text)
	answer, _ := io.ReadAll(conn)
	return string(answer)
}

// header is one of version 2.
func header(t *testing.T, h proxyproto.Header) string {
	t.Helper()
	h.Version = 2
	text, err := h.Format()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestProxies: who connects through a proxy is known by the address that the proxy
// tells; a proxy that tells none is refused, and nobody else is believed.
func TestProxies(t *testing.T) {
	t.Parallel()
	address, _ := serve(t, &Server{Limiter: NewLimiter(10, 10)})
	tcp := proxyproto.Header{
		Command: proxyproto.PROXY, TransportProtocol: proxyproto.TCPv6,
		SourceAddr:      &net.TCPAddr{IP: net.ParseIP("2001:db8::7"), Port: 4000},
		DestinationAddr: &net.TCPAddr{IP: net.ParseIP("2001:db8::1"), Port: 25},
	}
	udp := proxyproto.Header{
		Command: proxyproto.PROXY, TransportProtocol: proxyproto.UDPv4,
		SourceAddr: &net.UDPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 4000}, DestinationAddr: &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 25},
	}
	const one = "PROXY TCP4 192.0.2.7 192.0.2.1 4000 25\r\n"
	for name, c := range map[string]struct{ from, text, want string }{
		"version 1":          {"127.0.0.1", one + hello, "192.0.2.7 " + hello},
		"version 2":          {"127.0.0.1", header(t, tcp) + hello, "2001:db8::7 " + hello},
		"for itself":         {"127.0.0.1", header(t, proxyproto.Header{Command: proxyproto.LOCAL}) + hello, "127.0.0.1 " + hello},
		"for somebody":       {"127.0.0.1", "PROXY UNKNOWN\r\n" + hello, "127.0.0.1 " + hello},
		"no TCP":             {"127.0.0.1", header(t, udp) + hello, ""},
		"no header":          {"127.0.0.1", hello, ""},
		"nonsense":           {"127.0.0.1", "PROXY TCP4 here there 1 2\r\n" + hello, ""},
		"no end":             {"127.0.0.1", "PROXY " + strings.Repeat("x", 4000), ""},
		"header of a client": {"127.0.0.2", one + hello, "127.0.0.2 " + one[:len(hello)]},
		"no proxy":           {"127.0.0.2", hello, "127.0.0.2 " + hello},
	} {
		if got := ask(t, address, c.from, c.text); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestProxiedAreCountedApart: limits are about who is behind the proxy.
func TestProxiedAreCountedApart(t *testing.T) {
	t.Parallel()
	const refusal = "too many"
	address, _ := serve(t, &Server{Limiter: NewLimiter(10, 1), Refusal: refusal})
	stay, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer stay.Close()
	from := func(n int) string { return fmt.Sprintf("PROXY TCP4 192.0.2.%d 192.0.2.1 4000 25\r\n", n) }
	_, _ = io.WriteString(stay, from(7))
	// The first is counted at some time from now on, for as long as it stays.
	for deadline := time.Now().Add(20 * time.Second); ; {
		got := ask(t, address, "127.0.0.1", from(7)+hello)
		if got == refusal {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the second is answered %q", got)
		}
	}
	if got := ask(t, address, "127.0.0.1", from(8)+hello); got != "192.0.2.8 "+hello {
		t.Errorf("another is answered %q", got)
	}
}

// TestStopWhileProxySaysNothing: nobody waits for a proxy when the server stops.
func TestStopWhileProxySaysNothing(t *testing.T) {
	t.Parallel()
	address, stop := serve(t, &Server{Limiter: NewLimiter(10, 10)})
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got := ask(t, address, "127.0.0.2", hello); got == "" { // by now the first was taken
		t.Error("nobody is served")
	}
	stop()
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("it is served")
	}
}

// A tape is a connection on which everything was said already.
type tape struct {
	net.Conn
	io.Reader
}

func (t tape) Read(p []byte) (int, error)      { return t.Reader.Read(p) }
func (t tape) SetReadDeadline(time.Time) error { return nil }
func (t tape) RemoteAddr() net.Addr            { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

// FuzzIntroduce: whatever a proxy sends, it is refused, or what is behind the header
// is left as it was.
func FuzzIntroduce(f *testing.F) {
	for _, seed := range []string{
		"PROXY TCP4 192.0.2.7 192.0.2.1 4000 25\r\nEHLO x\r\n", "PROXY UNKNOWN\r\n", "PROXY TCP6 ::1 ::2 1 2\r\n\x16\x03\x01",
		"\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00EHLO x\r\n", "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x07\xc0\x00\x02\x01\x0f\xa0\x00\x19x",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		conn, err := introduce(tape{Reader: bytes.NewReader(input)})
		if err != nil {
			return
		}
		rest, err := io.ReadAll(conn)
		if err != nil || !bytes.HasSuffix(input, rest) || len(rest) == len(input) {
			t.Errorf("%q is left, %v", rest, err)
		}
		if !Peer(conn).IsValid() {
			t.Errorf("it comes from %v", conn.RemoteAddr())
		}
	})
}
