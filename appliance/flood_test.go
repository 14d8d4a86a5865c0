package appliance

import (
	"bufio"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// TestFlood opens 10,000 connections from one address to the port for mail
// clients. As many as allowed are served, the others hear that they are too many,
// and another address is served meanwhile.
func TestFlood(t *testing.T) {
	t.Parallel()
	const tried, dialers = 10_000, 50
	r := run(t)
	allowed := int64(Default().IMAP.MaxConnectionsPerAddress)
	door := r.Addr("imap").String()
	var served, refused atomic.Int64
	var kept sync.Map
	t.Cleanup(func() {
		kept.Range(func(conn, _ any) bool {
			_ = conn.(net.Conn).Close()
			return true
		})
	})
	knock := func() {
		conn, err := net.Dial("tcp", door)
		if err != nil {
			t.Error(err)
			return
		}
		switch line, _ := bufio.NewReader(conn).ReadString('\n'); {
		case strings.HasPrefix(line, "* OK "):
			served.Add(1)
			kept.Store(conn, true)
			return
		case strings.HasPrefix(line, "* BYE ") && strings.Contains(line, "connections"):
			refused.Add(1)
		default:
			t.Errorf("an odd greeting: %q", line)
		}
		_ = conn.Close()
	}
	var all sync.WaitGroup
	for range dialers {
		all.Go(func() {
			for range tried / dialers {
				knock()
			}
		})
	}
	all.Wait()
	if served.Load() != allowed || refused.Load() != tried-allowed {
		t.Errorf("%d were served and %d refused, want %d and %d", served.Load(), refused.Load(), allowed, tried-allowed)
	}
	other := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	conn, err := other.Dial("tcp", door)
	must(t, err)
	defer conn.Close()
	if line, err := bufio.NewReader(conn).ReadString('\n'); !strings.HasPrefix(line, "* OK ") {
		t.Errorf("another address is greeted with %q, %v", line, err)
	}
}
