package certificate

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// A Publisher puts TXT records into the DNS, for DNS-01 challenges (RFC 8555
// section 8.4). Add returns when the authority can see the record.
type Publisher interface {
	Add(ctx context.Context, name, text string) error
	Remove(ctx context.Context, name, text string) error
}

// A Command publishes by a program, which is called with the words "add" or
// "remove", the name and the text, and ends when that is done.
type Command string

// Add implements Publisher.
func (c Command) Add(ctx context.Context, name, text string) error {
	return c.run(ctx, "add", name, text)
}

// Remove implements Publisher.
func (c Command) Remove(ctx context.Context, name, text string) error {
	return c.run(ctx, "remove", name, text)
}

func (c Command) run(ctx context.Context, args ...string) error {
	out, err := exec.CommandContext(ctx, string(c), args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %.500s", c, args[0], err, strings.TrimSpace(string(out)))
	}
	return nil
}

// An Update publishes by dynamic updates (RFC 2136), signed with a TSIG key
// (RFC 8945).
type Update struct {
	Server     string // HOST:PORT of the zone's primary server
	Zone       string
	KeyName    string
	KeySecret  string // base64
	Algorithm  string // "": hmac-sha256.
	Propagates time.Duration
}

// Add implements Publisher. It waits for Propagates, in which the zone's other
// servers learn of the record.
func (u *Update) Add(ctx context.Context, name, text string) error {
	m, rr := u.message(name, text)
	m.Insert([]dns.RR{rr})
	if err := u.exchange(ctx, m); err != nil {
		return err
	}
	timer := time.NewTimer(u.Propagates)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Remove implements Publisher.
func (u *Update) Remove(ctx context.Context, name, text string) error {
	m, rr := u.message(name, text)
	m.Remove([]dns.RR{rr})
	return u.exchange(ctx, m)
}

func (u *Update) message(name, text string) (*dns.Msg, dns.RR) {
	m := new(dns.Msg).SetUpdate(dns.Fqdn(u.Zone))
	header := dns.RR_Header{Name: dns.Fqdn(name), Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: 60}
	return m, &dns.TXT{Hdr: header, Txt: []string{text}}
}

func (u *Update) exchange(ctx context.Context, m *dns.Msg) error {
	algorithm := u.Algorithm
	if algorithm == "" {
		algorithm = dns.HmacSHA256
	}
	key := dns.Fqdn(u.KeyName)
	m.SetTsig(key, dns.Fqdn(algorithm), 300, time.Now().Unix())
	client := &dns.Client{Net: "tcp", TsigSecret: map[string]string{key: u.KeySecret}, Dialer: &net.Dialer{Timeout: 10 * time.Second}}
	reply, _, err := client.ExchangeContext(ctx, m, u.Server)
	if err != nil {
		return fmt.Errorf("update the zone %s at %s: %w", u.Zone, u.Server, err)
	}
	if reply.Rcode != dns.RcodeSuccess {
		return fmt.Errorf("update the zone %s at %s: the server answered %s; check the zone's name and the key", u.Zone, u.Server, dns.RcodeToString[reply.Rcode])
	}
	return nil
}
