package accept

import (
	"net"
	"net/netip"
	"sync"
)

// A Limiter counts connections, in all and by network. Safe for concurrent use.
type Limiter struct {
	most, mostOfOne int

	mu      sync.Mutex
	all     int
	network map[netip.Prefix]int
}

// NewLimiter permits so many connections in all, and so many of one IPv4 address
// or IPv6 /64.
func NewLimiter(all, ofOne int) *Limiter {
	return &Limiter{most: all, mostOfOne: ofOne, network: map[netip.Prefix]int{}}
}

// Connect counts a connection of the peer; false when there are too many.
func (l *Limiter) Connect(peer netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	place := Network(peer)
	if l.all >= l.most || l.network[place] >= l.mostOfOne {
		return false
	}
	l.all++
	l.network[place]++
	return true
}

// Disconnect takes back a Connect that returned true.
func (l *Limiter) Disconnect(peer netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all--
	place := Network(peer)
	if l.network[place]--; l.network[place] == 0 {
		delete(l.network, place)
	}
}

// Network is what counts as one place: an IPv4 address, an IPv6 /64.
func Network(peer netip.Addr) netip.Prefix {
	bits := 64
	if peer.Is4() {
		bits = 32
	}
	p, _ := peer.Prefix(bits) // the zero Addr has the zero Prefix
	return p
}

// Peer is the address at the other end, the zero Addr if it has none.
func Peer(conn net.Conn) netip.Addr {
	if a, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		return a.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}
