package imapd

import (
	"net"
	"net/netip"
	"sync"
)

// A limiter counts connections, in all and by address, and sessions by user.
// Safe for concurrent use.
type limiter struct {
	limits Limits

	mu      sync.Mutex
	all     int
	address map[netip.Prefix]int
	user    map[int64]int
}

func newLimiter(l Limits) *limiter {
	return &limiter{limits: l, address: map[netip.Prefix]int{}, user: map[int64]int{}}
}

// connect counts a connection of the peer; false when there are too many.
func (l *limiter) connect(peer netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	net := network(peer)
	if l.all >= l.limits.Connections || l.address[net] >= l.limits.PerAddress {
		return false
	}
	l.all++
	l.address[net]++
	return true
}

func (l *limiter) disconnect(peer netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all--
	release(l.address, network(peer))
}

// signIn counts a session of the user; false when there are too many.
func (l *limiter) signIn(user int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.user[user] >= l.limits.PerUser {
		return false
	}
	l.user[user]++
	return true
}

func (l *limiter) signOut(user int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	release(l.user, user)
}

// release counts down and forgets what has come to zero.
func release[K comparable](counts map[K]int, key K) {
	if counts[key]--; counts[key] == 0 {
		delete(counts, key)
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
