package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"
)

// A TLS is how a day's connections to the servers of a domain were encrypted, as
// one sender saw it (RFC 8460 section 4.4).
type TLS struct {
	Organization string      `json:"organization-name"`
	Dates        Dates       `json:"date-range"`
	Contact      string      `json:"contact-info"`
	ID           string      `json:"report-id"`
	Policies     []TLSResult `json:"policies"`
}

// Dates are the time that a report is about.
type Dates struct {
	Begin time.Time `json:"start-datetime"`
	End   time.Time `json:"end-datetime"`
}

// A TLSResult is how it went under one policy.
type TLSResult struct {
	Policy   TLSPolicy  `json:"policy"`
	Summary  TLSSummary `json:"summary"`
	Failures []Failure  `json:"failure-details,omitempty"`
}

// Kinds of policies.
const (
	PolicyDANE = "tlsa"
	PolicySTS  = "sts"
	PolicyNone = "no-policy-found"
)

// A TLSPolicy is what the domain demands of those who connect.
type TLSPolicy struct {
	Type   string `json:"policy-type"`
	String list   `json:"policy-string,omitempty"`
	Domain string `json:"policy-domain"`
	Hosts  list   `json:"mx-host,omitempty"`
}

// A TLSSummary counts sessions.
type TLSSummary struct {
	Good int64 `json:"total-successful-session-count"`
	Bad  int64 `json:"total-failure-session-count"`
}

// A Failure is why sessions were not as they should be.
type Failure struct {
	Result   string `json:"result-type"`
	Sender   string `json:"sending-mta-ip,omitempty"`
	Host     string `json:"receiving-mx-hostname,omitempty"`
	Receiver string `json:"receiving-ip,omitempty"`
	Count    int64  `json:"failed-session-count,omitempty"`
	Reason   string `json:"failure-reason-code,omitempty"`
}

// Results of RFC 8460 section 4.3.
const (
	NoSTARTTLS         = "starttls-not-supported"
	HostMismatch       = "certificate-host-mismatch"
	CertificateExpired = "certificate-expired"
	NotTrusted         = "certificate-not-trusted"
	ValidationFailure  = "validation-failure"
	TLSAInvalid        = "tlsa-invalid"
	DNSSECInvalid      = "dnssec-invalid"
	STSFetchError      = "sts-policy-fetch-error"
	STSInvalid         = "sts-policy-invalid"
	STSWebPKI          = "sts-webpki-invalid"
)

// list is a list of texts that some reporters write as one text.
type list []string

// UnmarshalJSON reads either.
func (l *list) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*l = nil
		if one != "" {
			*l = list{one}
		}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(l))
}

// Encode writes the report as JSON.
func (r *TLS) Encode() ([]byte, error) {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write TLS report: %w", err)
	}
	return append(text, '\n'), nil
}

// ReadTLS reads a report.
func ReadTLS(r io.Reader) (*TLS, error) {
	var report TLS
	if err := json.NewDecoder(r).Decode(&report); err != nil {
		return nil, fmt.Errorf("read TLS report: %w", err)
	}
	return report.tidy()
}

// tidy is as DMARC.tidy.
func (r *TLS) tidy() (*TLS, error) {
	r.Organization, r.Contact, r.ID = plain(r.Organization), plain(r.Contact), plain(r.ID)
	switch {
	case r.ID == "":
		return nil, errors.New("the TLS report has no id")
	case r.Dates.Begin.IsZero() || r.Dates.End.Before(r.Dates.Begin) || r.Dates.End.Year() > 2200:
		return nil, errors.New("the TLS report is about no time")
	case len(r.Policies) == 0:
		return nil, errors.New("the TLS report is about no policy")
	}
	lines := 0
	for i := range r.Policies[:min(len(r.Policies), maxRecords)] {
		if err := r.Policies[i].tidy(maxRecords - lines); err != nil {
			return nil, err
		}
		lines += len(r.Policies[i].Failures)
	}
	r.Policies = r.Policies[:min(len(r.Policies), maxRecords)]
	return r, nil
}

func (p *TLSResult) tidy(most int) error {
	p.Policy.Type, p.Policy.Domain = word(p.Policy.Type), name(p.Policy.Domain)
	p.Policy.String, p.Policy.Hosts = p.Policy.String.tidy(), p.Policy.Hosts.tidy()
	if p.Policy.Domain == "" {
		return errors.New("the TLS report is about no domain")
	}
	if !sensible(p.Summary.Good) || !sensible(p.Summary.Bad) {
		return errors.New("the TLS report counts nonsense")
	}
	p.Failures = p.Failures[:min(len(p.Failures), most)]
	for i := range p.Failures {
		f := &p.Failures[i]
		if !sensible(f.Count) {
			return errors.New("the TLS report counts nonsense")
		}
		f.Result, f.Host, f.Reason = word(f.Result), name(f.Host), plain(f.Reason)
		f.Sender, f.Receiver = address(f.Sender), address(f.Receiver)
	}
	return nil
}

func sensible(count int64) bool { return count >= 0 && count <= maxCount }

func (l list) tidy() list {
	l = l[:min(len(l), 100)]
	for i := range l {
		l[i] = plain(l[i])
	}
	return l
}

// address is one in its usual form; "" for what is none.
func address(s string) string {
	a, err := netip.ParseAddr(strings.TrimSpace(s))
	if err != nil {
		return ""
	}
	return a.Unmap().WithZone("").String()
}

// Domain is the one that the report is about.
func (r *TLS) Domain() string { return r.Policies[0].Policy.Domain }
