package admin

import (
	"net/http"
	"net/netip"
	"strings"
)

// client is where a request comes from: the other end of the connection, or what
// the proxies there say. Each proxy appends whom it got the request from, so the
// last address that is no proxy of ours is the one that can be believed; what
// stands before it, the client may have written itself.
func (s *Site) client(r *http.Request) netip.Addr {
	at := peer(r)
	if !within(s.Proxies, at) {
		return at
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		if at = hop.Unmap(); !within(s.Proxies, at) {
			break
		}
	}
	return at
}

// Encrypted reports whether a request that came over plain HTTP was encrypted up
// to a proxy of ours.
func (s *Site) Encrypted(r *http.Request) bool {
	return within(s.Proxies, peer(r)) && r.Header.Get("X-Forwarded-Proto") == "https"
}

// peer is the other end of the connection; the zero address where there is none.
func peer(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap()
}
