package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"syscall"
)

// Call runs a command in the appliance that listens on the socket base in dir
// and returns its exit status. ErrNotRunning: there is none.
func Call(ctx context.Context, dir, base string, args []string, stdio Stdio) (status int, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // also ends sending what the command did not want to read
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dial(ctx, dir, base)
		},
		DisableKeepAlives: true,
	}
	defer transport.CloseIdleConnections()
	target := "http://letterbox/run?" + url.Values{"arg": args}.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, io.NopCloser(stdio.In))
	if err != nil {
		return 0, err
	}
	answer, err := transport.RoundTrip(request)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return 0, ErrNotRunning
	}
	if err != nil {
		return 0, fmt.Errorf("call the appliance: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("call the appliance: %s", answer.Status)
	}
	return readFrames(answer.Body, stdio)
}

func dial(ctx context.Context, dir, base string) (c net.Conn, err error) {
	err = reach(dir, base, func(name string) error {
		c, err = new(net.Dialer).DialContext(ctx, "unix", name)
		return err
	})
	return c, err
}

// Answers reports whether an appliance listens on the socket.
func Answers(dir, base string) bool {
	c, err := dial(context.Background(), dir, base)
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}
