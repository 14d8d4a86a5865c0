package appliance

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// TestBehindProxy: on every port for mail it is the client behind the proxy that is
// known, with TLS from the start and without; wrong passwords are the client's, too.
func TestBehindProxy(t *testing.T) {
	t.Parallel()
	r := run(t, func(c *Config) { c.Listen.ProxyFrom = Networks{netip.MustParsePrefix("127.0.0.1/32")} })
	client := 0
	connect := func(listener string) (net.Conn, string) {
		t.Helper()
		conn, err := net.Dial("tcp", r.Addr(listener).String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		_ = conn.SetDeadline(time.Now().Add(patience))
		client++
		address := fmt.Sprintf("192.0.2.%d", client)
		fmt.Fprintf(conn, "PROXY TCP4 %s 203.0.113.1 4000 25\r\n", address)
		if strings.HasSuffix(listener, "s") {
			conn = tls.Client(conn, r.trust)
		}
		return conn, address
	}
	for _, listener := range []string{"imap", "imaps", "smtp", "submission", "submissions"} {
		conn, address := connect(listener)
		greeting, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil || !strings.HasPrefix(greeting, "220 ") && !strings.HasPrefix(greeting, "* OK ") {
			t.Errorf("%s: %q, %v", listener, greeting, err)
		}
		if !r.isConnected(address) {
			t.Errorf("%s: nobody from %s is connected", listener, address)
		}
	}
	conn, address := connect("imaps")
	lines := bufio.NewReader(conn)
	for i := range 6 {
		fmt.Fprintf(conn, "a%d LOGIN %s wrong%d\r\n", i, annaAddress, i)
	}
	answers := ""
	for i := range 7 { // the greeting is one
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		answers += fmt.Sprint(i, " ", line)
	}
	if !strings.Contains(answers, "too many wrong passwords") {
		t.Errorf("from %s: %s", address, answers)
	}
	other, _ := connect("imaps")
	fmt.Fprintf(other, "a LOGIN %s %q\r\nb LOGOUT\r\n", annaAddress, annaPassword)
	if all, _ := io.ReadAll(other); !strings.Contains(string(all), "a OK") {
		t.Errorf("another client suffers for it: %s", all)
	}
}

// isConnected reports whether a session comes from an address.
func (r *running) isConnected(address string) bool {
	for _, s := range r.data.Telemetry.Sessions() {
		if s.Who.Remote.String() == address {
			return true
		}
	}
	return false
}

func TestProxiesAreNamed(t *testing.T) {
	t.Parallel()
	for _, everybody := range []string{"0.0.0.0/0", "::/0"} {
		c := Default()
		if err := c.Set("listen.proxy_from=" + everybody); err != nil {
			t.Fatal(err)
		}
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), "name the proxies alone") {
			t.Errorf("%s: %v", everybody, err)
		}
	}
}
