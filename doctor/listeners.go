package doctor

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// answerTime is how long a server may take to say something.
const answerTime = 10 * time.Second

// listeners looks at whether each open port answers from this machine.
func listeners(ctx context.Context, p *Patient) (list []Result) {
	if p.Listeners == nil {
		return []Result{machineThing("listener", p.Folder).red("stopped")}
	}
	for _, l := range p.Listeners {
		a := machineThing("listener", l.Name)
		greeting, err := p.greeted(ctx, l)
		if err != nil {
			list = append(list, a.red("silent", l.Address.String(), err.Error()))
			continue
		}
		list = append(list, a.ok("fine", l.Address.String(), greeting))
	}
	return list
}

// greeted connects to a listener and returns what it says first; "" where
// servers wait for the client.
func (p *Patient) greeted(ctx context.Context, l Listener) (string, error) {
	conn, err := p.dial(ctx, near(l.Address).String())
	if err != nil {
		return "", err
	}
	defer conn.Close()
	hurry(ctx, conn)
	switch l.Name {
	case "imaps", "submissions", "https":
		// Who it is is another check's question.
		secure := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, ServerName: p.Hostname})
		if err := secure.HandshakeContext(ctx); err != nil {
			return "", err
		}
		conn = secure
	}
	switch l.Name {
	case "http", "https", "metrics":
		return "", nil
	}
	return firstLine(conn)
}

// near is where to reach a listener from this machine.
func near(a netip.AddrPort) netip.AddrPort {
	switch {
	case !a.Addr().IsUnspecified():
		return a
	case a.Addr().Is4():
		return netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), a.Port())
	}
	return netip.AddrPortFrom(netip.IPv6Loopback(), a.Port())
}

// hurry sets the deadline of a connection.
func hurry(ctx context.Context, conn net.Conn) {
	end := time.Now().Add(answerTime)
	if limit, ok := ctx.Deadline(); ok && limit.Before(end) {
		end = limit
	}
	_ = conn.SetDeadline(end) // a closed one says so when it is read
}

func firstLine(conn net.Conn) (string, error) {
	line, err := bufio.NewReaderSize(conn, 512).ReadSlice('\n')
	if err != nil {
		return "", fmt.Errorf("it says nothing: %w", err)
	}
	return strings.TrimSpace(string(line)), nil
}

// outside connects to our public addresses as others would. From within that
// proves little: a router that does not lead its own network back in refuses us
// and nobody else, and a firewall may let us alone through. But who answers there
// instead of us is worth knowing.
func outside(ctx context.Context, p *Patient) []Result {
	if p.Listeners == nil {
		return nil
	}
	a := machineThing("outside", "")
	ours, err := p.addresses(ctx)
	if err != nil {
		return nil // hostAddress tells
	}
	for _, address := range ours {
		at := netip.AddrPortFrom(address, 25).String()
		greeting, err := p.greeting(ctx, at)
		if err == nil && !strings.Contains(strings.ToLower(greeting), strings.ToLower(p.Hostname)) {
			return []Result{a.red("stranger", at, greeting, p.Hostname)}
		}
	}
	return []Result{a.unknown("inside", p.Hostname)}
}

func (p *Patient) greeting(ctx context.Context, address string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	conn, err := p.dial(ctx, address)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	hurry(ctx, conn)
	return firstLine(conn)
}

// outbound looks at whether mail can leave: to the relay where there is one,
// else to port 25 of somebody known.
func outbound(ctx context.Context, p *Patient) []Result {
	a := machineThing("outbound", "")
	switch {
	case !p.Sends:
		return []Result{a.amber("off")}
	case p.Relay != "":
		if err := p.reach(ctx, p.Relay); err != nil {
			return []Result{a.red("relay", p.Relay, err.Error())}
		}
		return []Result{a.ok("relayed", p.Relay)}
	case p.Peer == "":
		return []Result{a.unknown("untried")}
	}
	list, _, err := p.Resolver.MX(ctx, p.Peer)
	if err != nil {
		return []Result{a.silent(err)}
	}
	var refusal error
	for _, m := range list {
		address := net.JoinHostPort(strings.TrimSuffix(m.Host, "."), strconv.Itoa(25))
		if refusal = p.reachName(ctx, address); refusal == nil {
			return []Result{a.ok("open", address)}
		}
		if ctx.Err() != nil {
			break
		}
	}
	return []Result{a.red("blocked", p.Peer, refusal.Error())}
}

// reach connects, and that is all.
func (p *Patient) reach(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	conn, err := p.dial(ctx, address)
	if err != nil {
		return err
	}
	return conn.Close()
}

// reachName connects to a name that our own name servers know, at any of its
// addresses.
func (p *Patient) reachName(ctx context.Context, address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	list, _, err := p.Resolver.Addresses(ctx, host)
	for _, one := range list {
		if err = p.reach(ctx, net.JoinHostPort(one.String(), port)); err == nil {
			return nil
		}
	}
	return err
}
