package smtpd

import (
	"net"
	"net/netip"
	"sync"
)

// A limiter counts connections, in all and by address. Safe for concurrent use.
type limiter struct {
	limits Limits

	mu      sync.Mutex
	all     int
	address map[netip.Prefix]int
}

func newLimiter(l Limits) *limiter {
	return &limiter{limits: l, address: map[netip.Prefix]int{}}
}

// connect counts a connection of the peer; false when there are too many.
func (l *limiter) connect(peer netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	place := network(peer)
	if l.all >= l.limits.Connections || l.address[place] >= l.limits.PerAddress {
		return false
	}
	l.all++
	l.address[place]++
	return true
}

func (l *limiter) disconnect(peer netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all--
	place := network(peer)
	if l.address[place]--; l.address[place] == 0 {
		delete(l.address, place)
	}
}

// network is what counts as one place: an IPv4 address, an IPv6 /64.
func network(peer netip.Addr) netip.Prefix {
	bits := 64
	if peer.Is4() {
		bits = 32
	}
	p, _ := peer.Prefix(bits) // the zero Addr has the zero Prefix
	return p
}

// peerOf is the address at the other end, the zero Addr if it has none.
func peerOf(conn net.Conn) netip.Addr {
	if a, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		return a.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}
