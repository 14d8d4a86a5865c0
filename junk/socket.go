package junk

import (
	"context"
	"fmt"
	"net"
	"strings"
)

// A Socket is where a peer listens: a path, or HOST:PORT.
type Socket string

// ParseSocket reads a path ("unix:" before it may be) or HOST:PORT ("tcp:"
// likewise).
func ParseSocket(text string) (Socket, error) {
	text = strings.TrimPrefix(strings.TrimPrefix(text, "unix:"), "tcp:")
	if strings.HasPrefix(text, "/") {
		return Socket(text), nil
	}
	if _, _, err := net.SplitHostPort(text); err != nil {
		return "", fmt.Errorf("%q is neither the path of a socket nor HOST:PORT", text)
	}
	return Socket(text), nil
}

// dial connects. The connection fails in whatever it does when ctx ends; done ends
// the watch over it.
func (s Socket) dial(ctx context.Context) (conn net.Conn, done func(), err error) {
	network := "tcp"
	if strings.HasPrefix(string(s), "/") {
		network = "unix"
	}
	var d net.Dialer
	conn, err = d.DialContext(ctx, network, string(s))
	if err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	return conn, func() {
		stop()
		_ = conn.Close()
	}, nil
}
