package discover

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
)

// The ports that PACC takes for granted: it has no place for others.
const (
	paccIMAP   = 993
	paccSubmit = 465
)

// uaConfiguration is the document of draft-ietf-mailmaint-pacc-03, of which only
// what a mail server has is here.
type uaConfiguration struct {
	Protocols      map[string]uaServer `json:"protocols"`
	Authentication uaAuthentication    `json:"authentication"`
	Info           uaInfo              `json:"info"`
}

type uaServer struct {
	Host string `json:"host"`
}

type uaAuthentication struct {
	Password bool `json:"password"`
}

type uaInfo struct {
	Provider uaProvider `json:"provider"`
}

type uaProvider struct {
	Name string `json:"name"`
}

// Configuration is the PACC document of a domain, byte for byte: its hash is
// published in the DNS. nil when this machine is not reached on the ports that
// PACC takes for granted.
func (s *Settings) Configuration(domain string) []byte {
	if s.IMAPS != paccIMAP || s.Submissions != paccSubmit {
		return nil
	}
	here := uaServer{s.Hostname}
	document, err := json.Marshal(uaConfiguration{
		// Up to the second draft "submit" was called "smtp"; programs pass over
		// what they do not know.
		Protocols:      map[string]uaServer{"imap": here, "smtp": here, "submit": here},
		Authentication: uaAuthentication{Password: true},
		Info:           uaInfo{uaProvider{domain}},
	})
	if err != nil {
		return nil
	}
	return document
}

// ConfigurationRecord is the text of _ua-auto-config.DOMAIN, by which a program
// knows that the domain's owner stands behind the document.
func ConfigurationRecord(document []byte) string {
	sum := sha256.Sum256(document)
	return "v=UAAC1; a=sha256; d=" + base64.StdEncoding.EncodeToString(sum[:])
}

// configuration answers .well-known/user-agent-configuration.json.
func (s *Settings) configuration(w http.ResponseWriter, r *http.Request) {
	domain := s.domainOf(r, "")
	document := s.Configuration(domain)
	if domain == "" || document == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(document)
}
