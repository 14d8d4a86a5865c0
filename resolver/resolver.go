// Package resolver asks the DNS, by way of the recursive name servers that the
// machine is configured with, and says of each answer whether those validated
// it with DNSSEC: DANE (RFC 7672) needs that, and net.Resolver does not tell.
//
// Errors about the DNS are *net.DNSError. One that is not IsNotFound is
// temporary: somebody who does not answer has not said no.
package resolver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"time"

	"github.com/miekg/dns"
)

// Resolver asks its servers in order. Safe for concurrent use.
type Resolver struct {
	Servers []string      // HOST:PORT
	Timeout time.Duration // of one attempt at one server; 0: 5 s
}

// attempts is how often each server is asked before the resolver gives up.
const attempts = 2

// System returns the resolver that /etc/resolv.conf describes.
func System() (*Resolver, error) { return fromFile("/etc/resolv.conf") }

// fromFile reads a resolv.conf. Without the file, or a server in it, the one on
// this machine is asked (resolv.conf(5)).
func fromFile(path string) (*Resolver, error) {
	c, err := dns.ClientConfigFromFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &Resolver{Servers: []string{"127.0.0.1:53"}}, nil
	case err != nil:
		return nil, fmt.Errorf("find the name servers: %w; name some with dns.servers in the configuration", err)
	case len(c.Servers) == 0:
		c.Servers = []string{"127.0.0.1"}
	}
	r := &Resolver{}
	for _, server := range c.Servers {
		r.Servers = append(r.Servers, net.JoinHostPort(server, c.Port))
	}
	return r, nil
}

// ask sends one question and returns the records of its answer. secure says that
// the server validated all of it. No records of the type is IsNotFound.
func (r *Resolver) ask(ctx context.Context, name string, kind uint16) (records []dns.RR, secure bool, err error) {
	q := new(dns.Msg)
	q.SetQuestion(dns.Fqdn(name), kind)
	q.SetEdns0(1232, false)
	q.AuthenticatedData = true // RFC 6840 section 5.7: we want to know
	err = errors.New("no name server is configured; name some with dns.servers")
	for range attempts {
		for _, server := range r.Servers {
			var reply *dns.Msg
			if reply, err = r.exchange(ctx, q, server); err == nil {
				return judge(q, reply, server)
			}
			if ctx.Err() != nil {
				return nil, false, temporary(q, server, ctx.Err())
			}
		}
	}
	return nil, false, temporary(q, "", err)
}

// exchange asks one server, again by TCP where UDP cuts the answer off.
func (r *Resolver) exchange(ctx context.Context, q *dns.Msg, server string) (*dns.Msg, error) {
	timeout := r.Timeout
	if timeout == 0 {
		timeout = 5 * time.Second
	}
	c := &dns.Client{Timeout: timeout, UDPSize: 1232}
	reply, _, err := c.ExchangeContext(ctx, q, server)
	if err == nil && reply.Truncated {
		c.Net = "tcp"
		reply, _, err = c.ExchangeContext(ctx, q, server)
	}
	if err != nil {
		return nil, err
	}
	if reply.Rcode != dns.RcodeSuccess && reply.Rcode != dns.RcodeNameError {
		return nil, fmt.Errorf("the server says %s", dns.RcodeToString[reply.Rcode])
	}
	return reply, nil
}

// judge takes from a reply what was asked for.
func judge(q, reply *dns.Msg, server string) (records []dns.RR, secure bool, err error) {
	secure = reply.AuthenticatedData && trusted(server)
	for _, rr := range reply.Answer {
		if rr.Header().Rrtype == q.Question[0].Qtype { // the others are the aliases on the way
			records = append(records, rr)
		}
	}
	if len(records) == 0 {
		return nil, secure, &net.DNSError{Err: "no such record", Name: nameOf(q), Server: server, IsNotFound: true}
	}
	return records, secure, nil
}

// trusted reports whether the "validated" of a server counts: anybody between us
// and a server elsewhere could set it (RFC 7672 section 2.1).
func trusted(server string) bool {
	at, err := netip.ParseAddrPort(server)
	return err == nil && at.Addr().IsLoopback()
}

func temporary(q *dns.Msg, server string, err error) error {
	return &net.DNSError{
		Err: err.Error(), UnwrapErr: err, Name: nameOf(q), Server: server,
		IsTemporary: true, IsTimeout: errors.Is(err, context.DeadlineExceeded),
	}
}

func nameOf(q *dns.Msg) string {
	return dns.TypeToString[q.Question[0].Qtype] + " of " + q.Question[0].Name
}

// NotFound reports whether an error says that there is nothing, for certain.
func NotFound(err error) bool {
	var d *net.DNSError
	return errors.As(err, &d) && d.IsNotFound
}
