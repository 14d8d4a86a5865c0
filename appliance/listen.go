package appliance

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"

	"github.com/coreos/go-systemd/v22/activation"
)

// listeners are open sockets by the name of their key in [listen].
type listeners map[string][]net.Listener

// listen opens what the configuration names, as far as there is a service behind
// it. A listener for which systemd handed over sockets (FileDescriptorName= is
// the key's name) uses those instead of the addresses.
func listen(ctx context.Context, l *Listen, services map[string]service) (listeners, error) {
	handed, err := activation.ListenersWithNames()
	if err != nil {
		return nil, fmt.Errorf("take over sockets from systemd: %w", err)
	}
	open := listeners{}
	for _, n := range l.named() {
		if services[n.name] == nil {
			continue
		}
		if open[n.name] = handed[n.name]; open[n.name] != nil {
			continue
		}
		for _, address := range n.addresses {
			ln, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
			if err != nil {
				open.close()
				return nil, explainListen(n.name, address, err)
			}
			open[n.name] = append(open[n.name], ln)
		}
	}
	return open, nil
}

// duplicate is another handle of the same listening socket. Connections that
// arrive while no handle accepts wait in the kernel.
func duplicate(ln net.Listener) (net.Listener, error) {
	filer, ok := ln.(interface{ File() (*os.File, error) })
	if !ok {
		return nil, fmt.Errorf("%T has no file", ln)
	}
	f, err := filer.File()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return net.FileListener(f)
}

func (l listeners) close() {
	for _, list := range l {
		for _, ln := range list {
			_ = ln.Close()
		}
	}
}

// explainListen adds what to do to the errors that newcomers meet.
func explainListen(name, address string, err error) error {
	hint := ""
	switch {
	case errors.Is(err, syscall.EACCES):
		hint = "; ports below 1024 are for root: start as root or by systemd, run 'setcap cap_net_bind_service=+ep' on the program, or choose another port"
	case errors.Is(err, syscall.EADDRINUSE):
		hint = "; another program has it: stop that one, or choose another port"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		hint = "; this machine does not have that address"
	}
	_, port, _ := net.SplitHostPort(address)
	other, _ := strconv.Atoi(port)
	return fmt.Errorf("listen.%s: %w%s (for example --set listen.%s=127.0.0.1:%d; an empty value switches it off)", name, err, hint, name, 10_000+other%10_000)
}
