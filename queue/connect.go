package queue

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"letterbox/report"
)

// dialTime is how long one address may take to be reached.
const dialTime = 30 * time.Second

// direct connects to the first server of a domain that takes us. With lax, nothing
// is demanded of encryption, and nobody is told how it went.
func (c *Courier) direct(ctx context.Context, domain string, lax bool) (*client, error) {
	x, err := c.exchange(ctx, domain)
	if err != nil {
		return nil, err
	}
	x.lax = lax
	var sts *stsPolicy
	if !lax {
		if sts, err = c.sts(ctx, domain); err != nil {
			return nil, err
		}
	}
	var failed gathering
	for _, h := range x.hosts {
		if c.detours(ctx, h) {
			return c.viaRelay(ctx)
		}
		client, err := c.host(ctx, x, h, sts, domain)
		if err == nil {
			return client, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if r := asReply(err); c.blocks(r, false) && c.refused(ctx, h.name, r) {
			return c.viaRelay(ctx)
		}
		c.Log.InfoContext(ctx, "server not reached", "domain", domain, "host", h.name, "error", err)
		failed.add(h, err)
	}
	return nil, failed.verdict()
}

// host connects to one server, at the first of its addresses that answers.
func (c *Courier) host(ctx context.Context, x *exchange, h host, sts *stsPolicy, domain string) (*client, error) {
	if err := c.locate(ctx, x, &h); err != nil {
		return nil, err
	}
	policy := tlsPolicy{}
	if !x.lax {
		var err error
		if policy, err = c.policy(ctx, h, sts, domain); err != nil {
			return nil, err
		}
	}
	var err error
	for _, addr := range h.addrs {
		var client *client
		if client, err = c.open(ctx, h.name, addr, policy); err == nil {
			return client, nil
		}
	}
	return nil, err
}

// policy decides how safe the connection must be: what DANE says, else MTA-STS,
// else as safe as it can be (RFC 8461 section 2).
func (c *Courier) policy(ctx context.Context, h host, sts *stsPolicy, domain string) (tlsPolicy, error) {
	dane, err := c.dane(ctx, h, domain)
	if err != nil {
		return tlsPolicy{}, err
	}
	if dane != nil {
		return *dane, nil
	}
	p := tlsPolicy{trusted: h.secure || sts != nil && sts.allows(h.name), about: sts.about(domain)}
	if sts == nil || sts.Mode != "enforce" {
		if sts != nil && sts.Mode == "testing" {
			p.watch = c.watch(sts, h)
		}
		return p, nil
	}
	if !sts.allows(h.name) {
		c.Feedback.Connected(p.about, &report.Failure{Result: report.ValidationFailure, Host: h.name, Reason: notInPolicy})
		return p, &replyError{ours("4.7.5", "%s is not among the servers that %s trusts (MTA-STS)", h.name, domain)}
	}
	return tlsPolicy{required: true, verify: c.webPKI(h.name), source: "MTA-STS", trusted: true, about: p.about}, nil
}

// open connects to an address and gets as far as EHLO, over TLS if that is
// possible. TLS that fails is done without where no policy forbids it.
func (c *Courier) open(ctx context.Context, hostname string, addr netip.Addr, p tlsPolicy) (*client, error) {
	client, err := c.begin(ctx, hostname, addr, p, true)
	c.observe(p, hostname, addr, client, err)
	var tlsFailed *tlsError
	if errors.As(err, &tlsFailed) && !p.required {
		c.Log.InfoContext(ctx, "TLS failed; going on without", "host", hostname, "error", err)
		return c.begin(ctx, hostname, addr, p, false)
	}
	return client, err
}

// A tlsError is one of TLS alone.
type tlsError struct {
	err   error
	local netip.Addr // ours, for reports
}

func (e *tlsError) Error() string { return e.err.Error() }
func (e *tlsError) Unwrap() error { return e.err }

func (c *Courier) begin(ctx context.Context, hostname string, addr netip.Addr, p tlsPolicy, useTLS bool) (*client, error) {
	conn, err := c.dial(ctx, net.JoinHostPort(addr.String(), "25"))
	if err != nil {
		return nil, err
	}
	client := newClient(ctx, conn, hostname)
	if err := c.converse(ctx, client, p, useTLS); err != nil {
		client.quit()
		return nil, err
	}
	return client, nil
}

// converse says hello, once more after TLS.
func (c *Courier) converse(ctx context.Context, client *client, p tlsPolicy, useTLS bool) error {
	if err := client.greet(); err != nil {
		return err
	}
	if err := client.hello(c.Hostname); err != nil {
		return err
	}
	if !useTLS || !client.can("STARTTLS") {
		if p.required {
			return &tlsError{&replyError{ours("4.7.5", "%s offers no encryption, which %s demands", client.host, p.source)}, client.local()}
		}
		return nil
	}
	if err := client.startTLS(ctx, c.tlsConfig(client.host, p)); err != nil {
		return &tlsError{err, client.local()}
	}
	client.verified = c.knows(client.host, p, client.tls)
	return client.hello(c.Hostname)
}

func (c *Courier) dial(ctx context.Context, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	dial := c.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	conn, err := dial(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return conn, nil
}
