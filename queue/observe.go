package queue

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"

	"letterbox/report"
)

// How encryption went, for the reports that domains ask for (RFC 8460). Connections
// that failed for other reasons are none of them (section 4.3.4).

// notInPolicy is said of servers that a domain's policy does not name.
const notInPolicy = "the MTA-STS policy does not name this server"

// errNotInPolicy stands for that among what is wrong with a connection.
var errNotInPolicy = errors.New(notInPolicy)

// about describes the policy to those who published it.
func (p *stsPolicy) about(domain string) report.TLSPolicy {
	if p == nil || p.Mode == "none" {
		return report.TLSPolicy{Type: report.PolicyNone, Domain: domain}
	}
	about := report.TLSPolicy{Type: report.PolicySTS, Domain: domain, Hosts: p.MX, String: []string{"version: STSv1", "mode: " + p.Mode}}
	for _, mx := range p.MX {
		about.String = append(about.String, "mx: "+mx)
	}
	return about
}

// watch is what a policy would demand of a server, if it were enforced.
func (c *Courier) watch(sts *stsPolicy, h host) verification {
	if sts.allows(h.name) {
		return c.webPKI(h.name)
	}
	return func(tls.ConnectionState) error { return errNotInPolicy }
}

// observe counts a connection, or an attempt at one.
func (c *Courier) observe(p tlsPolicy, hostname string, addr netip.Addr, client *client, err error) {
	if p.about.Domain == "" {
		return
	}
	failure := report.Failure{Host: hostname, Receiver: addr.Unmap().String()}
	var tlsFailed *tlsError
	switch {
	case errors.As(err, &tlsFailed):
		failure.Sender = text(tlsFailed.local)
		failure.Result, failure.Reason = whyNot(tlsFailed.err)
	case err != nil:
		return
	case client.tls == nil:
		failure.Sender, failure.Result = text(client.local()), report.NoSTARTTLS
	case p.watch != nil:
		failure.Sender = text(client.local())
		if err := p.watch(*client.tls); err != nil {
			c.Log.Warn("MTA-STS would refuse a server", "domain", p.about.Domain, "host", hostname, "error", err)
			failure.Result, failure.Reason = whyNot(err)
		}
	}
	if failure.Result == "" {
		c.Feedback.Connected(p.about, nil)
		return
	}
	c.Feedback.Connected(p.about, &failure)
}

func text(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.Unmap().WithZone("").String()
}

// whyNot is a failure in the words of RFC 8460 section 4.3.
func whyNot(err error) (result, reason string) {
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, new(*replyError)):
		return report.NoSTARTTLS, ""
	case errors.As(err, &name):
		return report.HostMismatch, ""
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return report.CertificateExpired, ""
	case errors.As(err, &invalid), errors.As(err, new(x509.UnknownAuthorityError)):
		return report.NotTrusted, err.Error()
	}
	return report.ValidationFailure, brief(err)
}

// brief is an error without what is different each time: ports and the like.
func brief(err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Op + ": " + op.Err.Error()
	}
	return err.Error()
}

// fetchFailure is why there is no policy.
func fetchFailure(err error) *report.Failure {
	failure := &report.Failure{Result: report.STSFetchError, Reason: brief(err)}
	switch {
	case errors.Is(err, errBadPolicy):
		failure.Result = report.STSInvalid
	case errors.As(err, new(*tls.CertificateVerificationError)):
		failure.Result = report.STSWebPKI
	}
	return failure
}
