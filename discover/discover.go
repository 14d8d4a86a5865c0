// Package discover answers mail programs and mail servers that look for the
// settings of a hosted domain: Thunderbird's autoconfig, Outlook's autodiscover,
// Apple's profiles, PACC, the SRV records that lead here, and the MTA-STS policy
// (RFC 8461). It needs nothing but an address, asks for no password, and says of
// an address only what is true of its whole domain.
package discover

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/http"
	"strings"
)

// Settings are how clients reach this machine from outside, and what it has to
// know for that. A port of 0 says that there is no such service.
type Settings struct {
	Hostname            string
	IMAPS, IMAP         int // implicit TLS; STARTTLS
	Submissions, Submit int // implicit TLS; STARTTLS
	HTTPS               int
	PolicyMode          string // of MTA-STS: "enforce", "testing" or "none"; "": there is no policy

	Hosts   func(ctx context.Context, domain string) (bool, error) // whether mail for a domain is kept here
	Trusted func() bool                                            // whether others trust the certificate

	Certificate func() *tls.Certificate // of the host name; signs profiles
	Log         *slog.Logger
}

// A service is one server that a client may use, best first.
type service struct {
	port int
	ssl  bool // implicit TLS; else STARTTLS
}

func (s *Settings) imap() []service   { return offered(s.IMAPS, s.IMAP) }
func (s *Settings) submit() []service { return offered(s.Submissions, s.Submit) }

func offered(implicit, startTLS int) (list []service) {
	if implicit != 0 {
		list = append(list, service{implicit, true})
	}
	if startTLS != 0 {
		list = append(list, service{startTLS, false})
	}
	return list
}

// Handle adds the pages to a mux. What is not known gets 404, never 401: clients
// that probe for Exchange send the password along once they are asked for it.
func (s *Settings) Handle(mux *http.ServeMux) {
	mux.HandleFunc("GET /mail/config-v1.1.xml", s.autoconfig)
	mux.HandleFunc("GET /.well-known/autoconfig/mail/config-v1.1.xml", s.autoconfig)
	mux.HandleFunc("GET /.well-known/mta-sts.txt", s.policy)
	mux.HandleFunc("GET /.well-known/user-agent-configuration.json", s.configuration)
	mux.HandleFunc("GET /apple.mobileconfig", s.mobileconfig)
	for _, path := range []string{"/autodiscover/autodiscover", "/Autodiscover/Autodiscover", "/AutoDiscover/AutoDiscover"} {
		mux.HandleFunc("POST "+path+".xml", s.autodiscover)
		mux.HandleFunc("GET "+path+".xml", s.autodiscoverDomain)
		mux.HandleFunc("GET "+path+".json", s.autodiscoverJSON)
		mux.HandleFunc("GET "+path+".json/v1.0/{address}", s.autodiscoverJSON)
	}
}

// prefixes are put before a domain to look for its settings.
var prefixes = [...]string{"autoconfig.", "autodiscover.", "mta-sts.", "ua-auto-config."}

// Names are the names under which clients and servers find a domain's settings,
// beside the host name; none under which nothing would be said.
func (s *Settings) Names(domain string) (names []string) {
	for _, prefix := range prefixes {
		silent := prefix == "mta-sts." && s.PolicyMode == "" ||
			prefix == "ua-auto-config." && s.Configuration(domain) == nil
		if !silent {
			names = append(names, prefix+domain)
		}
	}
	return names
}

// domainOf finds the hosted domain that a request is about: of the address, or
// else of the name that it was sent to. "" when it is not hosted here.
func (s *Settings) domainOf(r *http.Request, address string) string {
	_, domain, found := strings.Cut(address, "@")
	if !found {
		domain = r.Host
		if i := strings.LastIndexByte(domain, ':'); i >= 0 {
			domain = domain[:i]
		}
		domain = withoutPrefix(strings.ToLower(domain))
	}
	domain = strings.ToLower(strings.TrimSuffix(domain, "."))
	hosted, err := s.Hosts(r.Context(), domain)
	if err != nil && r.Context().Err() == nil {
		s.Log.Error("cannot tell whether a domain is hosted here", "domain", domain, "error", err)
	}
	if err != nil || !hosted {
		return ""
	}
	return domain
}

func withoutPrefix(name string) string {
	for _, prefix := range prefixes {
		if domain, found := strings.CutPrefix(name, prefix); found {
			return domain
		}
	}
	return name
}

// policy answers with the MTA-STS policy (RFC 8461 section 3.2) of the domain
// under whose mta-sts name it was asked: while others do not trust the
// certificate there is none, or they would send nothing any more.
func (s *Settings) policy(w http.ResponseWriter, r *http.Request) {
	domain := s.domainOf(r, "")
	if domain == "" || s.PolicyMode == "" || !s.Trusted() || !strings.HasPrefix(strings.ToLower(r.Host), "mta-sts.") {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("version: STSv1\r\nmode: " + s.PolicyMode + "\r\nmx: " + s.Hostname + "\r\nmax_age: 604800\r\n"))
}
