package certificate

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"golang.org/x/crypto/acme"
)

// problem is the prefix of what authorities call their errors (RFC 8555 section
// 6.7).
const problem = "urn:ietf:params:acme:error:"

// Explain says in words why there is no certificate for a name and what to do.
func Explain(name string, err error) string {
	var unreached *unreachedError
	if errors.As(err, &unreached) {
		return unreached.reason
	}
	for _, p := range problems(err) {
		if text := explainProblem(name, p); text != "" {
			return text
		}
	}
	var address *url.Error
	var network net.Error
	if errors.As(err, &address) || errors.As(err, &network) {
		return "The certificate authority cannot be reached. Check that this machine has a way to the internet (HTTPS, port 443); it is tried again by itself."
	}
	return "The certificate authority said: " + err.Error()
}

func explainProblem(name string, p *acme.Error) string {
	switch strings.TrimPrefix(p.ProblemType, problem) {
	case "dns":
		return fmt.Sprintf("The authority finds no address for %[1]s in the DNS. Add an A record (and AAAA, for IPv6) for %[1]s that points to this machine.", name)
	case "connection", "tls":
		return fmt.Sprintf("The authority cannot reach this machine under %s. Open ports 80 and 443 in the firewall and the router, and check that the A and AAAA records hold this machine's addresses.", name)
	case "unauthorized", "incorrectResponse":
		return fmt.Sprintf("Another machine, or a proxy, answers under %s. Let the A and AAAA records point to this machine, and port 80 lead to Letterbox.", name)
	case "caa":
		return fmt.Sprintf("A CAA record in the DNS forbids it for %s. Permit the authority there (for Let's Encrypt: 0 issue \"letsencrypt.org\"), or remove the record.", name)
	case "rateLimited":
		until := "for a while"
		if after, limited := acme.RateLimit(p); limited && after > 0 {
			until = "for " + after.Round(time.Minute).String()
		}
		return fmt.Sprintf("The authority has issued or refused too many certificates for %s lately and wants no requests %s. It is tried again by itself.", name, until)
	case "rejectedIdentifier":
		return fmt.Sprintf("The authority issues no certificates for %s. Choose another host name.", name)
	}
	return ""
}

// problems lists the authority's errors in err, wherever they stand.
func problems(err error) (list []*acme.Error) {
	switch e := err.(type) {
	case nil:
		return nil
	case *acme.Error:
		return []*acme.Error{e}
	case *acme.OrderError:
		if e.Problem == nil {
			return nil
		}
		return []*acme.Error{e.Problem}
	case *acme.AuthorizationError:
		for _, sub := range e.Errors {
			list = append(list, problems(sub)...)
		}
		return list
	case interface{ Unwrap() []error }:
		for _, sub := range e.Unwrap() {
			list = append(list, problems(sub)...)
		}
		return list
	}
	return problems(errors.Unwrap(err))
}
