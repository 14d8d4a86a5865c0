package accept

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/pires/go-proxyproto"
)

// Proxies are machines that connect for others, and say for whom in a header before
// anything else (HAProxy's PROXY protocol, versions 1 and 2). They are believed, and
// must have a header; nobody else's is read, or anybody could claim any address.
type Proxies []netip.Prefix

// introduction is how long the header may take.
const introduction = 10 * time.Second

// has reports whether the connection comes from one of them.
func (p Proxies) has(conn net.Conn) bool {
	peer := Peer(conn)
	return slices.ContainsFunc(p, func(n netip.Prefix) bool { return n.Contains(peer) })
}

// A proxied connection has the addresses that its header names.
type proxied struct{ *proxyproto.Conn }

// CloseWrite is that of the connection below.
func (p proxied) CloseWrite() error {
	if half, ok := p.Raw().(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// introduce reads the header of a proxy's connection. What the proxy asks for itself,
// such as whether anybody is there, stays its own.
func introduce(conn net.Conn) (net.Conn, error) {
	p := proxyproto.NewConn(conn,
		proxyproto.WithPolicy(proxyproto.REQUIRE),
		proxyproto.SetReadHeaderTimeout(introduction),
		proxyproto.ValidateHeader(checkHeader))
	if _, err := p.Read(nil); err != nil {
		return nil, fmt.Errorf("read the PROXY header: %w", err)
	}
	return proxied{p}, nil
}

// checkHeader refuses those for what is no TCP.
func checkHeader(h *proxyproto.Header) error {
	if _, _, tcp := h.TCPAddrs(); !tcp && !h.Command.IsLocal() {
		return fmt.Errorf("it is for %v, and only TCP is served", h.TransportProtocol)
	}
	return nil
}

// admitProxied admits a connection once it has said for whom it is, unless the server
// stops before.
func (g *gathering) admitProxied(running, working context.Context, conn net.Conn) {
	release := context.AfterFunc(running, func() { _ = conn.Close() })
	introduced, err := introduce(conn)
	switch {
	case !release(): // the server stops
		_ = conn.Close()
	case err != nil:
		g.Log.Warn("connection refused", "remote", Peer(conn), "reason", "a proxy says for nobody whom it connects for", "error", err)
		_ = conn.Close()
	default:
		g.admit(working, introduced)
	}
}
