// Package records knows which DNS records a hosted domain needs, so that its mail
// arrives and is trusted and mail programs find their settings, and how they are
// written. The command line prints them, the doctor compares them with what is
// published, and the web site shows both.
package records

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"letterbox/directory"
	"letterbox/discover"
)

// Kinds of records.
const (
	MX            = "mx"
	SPF           = "spf"
	DKIM          = "dkim"
	DMARC         = "dmarc"
	TLSReports    = "tls-rpt"
	Services      = "srv"      // mail programs find the servers
	Programs      = "programs" // mail programs find what the web server tells
	Configuration = "pacc"
	PolicyHost    = "mta-sts-host"
	Policy        = "mta-sts"
	Host          = "host"
	Key           = "tlsa"
)

// A Record is one that the owner of a domain publishes.
type Record struct {
	Kind  string `json:"kind"`
	Name  string `json:"name"` // without the dot at its end
	Type  string `json:"type"`
	Value string `json:"value"` // TXT: without quotes
	Why   string `json:"why"`

	// Passing says that the record is on its way out: it need not be there.
	Passing bool `json:"passing,omitempty"`
}

// Of returns the records of a domain: settings say how this machine is reached,
// keys are those that sign or will.
func Of(domain string, settings *discover.Settings, keys []directory.SigningKey) ([]Record, error) {
	list := []Record{
		{Kind: MX, Name: domain, Type: "MX", Value: "10 " + settings.Hostname + ".", Why: "mail for the domain comes here"},
		{Kind: SPF, Name: domain, Type: "TXT", Value: "v=spf1 mx -all",
			Why: "mail from the domain comes from here alone; with a relay add what it tells you to (include:...)"},
	}
	for _, k := range keys {
		r, err := signing(domain, &k)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	list = append(list,
		Record{Kind: DMARC, Name: "_dmarc." + domain, Type: "TXT", Value: "v=DMARC1; p=quarantine; rua=mailto:" + directory.ReportsAddress(domain),
			Why: "mail in the domain's name that is not signed or not from here is no good (DMARC); others report to this program"},
		Record{Kind: TLSReports, Name: "_smtp._tls." + domain, Type: "TXT", Value: "v=TLSRPTv1; rua=mailto:" + directory.ReportsAddress(domain),
			Why: "other servers report to this program when encryption to this server fails (TLS-RPT)"},
	)
	list = append(list, services(domain, settings)...)
	return append(list, pages(domain, settings)...), nil
}

func signing(domain string, k *directory.SigningKey) (Record, error) {
	text, err := k.Record()
	if err != nil {
		return Record{}, err
	}
	r := Record{Kind: DKIM, Name: k.Selector + "._domainkey." + domain, Type: "TXT", Value: text, Why: "signs mail (DKIM)"}
	switch {
	case !k.Retired.IsZero():
		r.Why = "signed mail until " + moment(k.Retired) + "; may go " + moment(k.Retired.Add(directory.Overlap))
		r.Passing = true
	case k.Signs.After(k.Created):
		r.Why = "signs mail from " + moment(k.Signs)
	}
	return r, nil
}

func moment(t time.Time) string { return t.Local().Format("2006-01-02 15:04") }

// services lead mail programs straight to the servers, by SRV (RFC 6186,
// RFC 8314).
func services(domain string, settings *discover.Settings) (list []Record) {
	for _, l := range settings.Locations() {
		weight, why := 1, "mail programs find the server"
		if l.Target == "." {
			weight, why = 0, "there is no POP3 here"
		}
		list = append(list, Record{Kind: Services, Name: l.Service + "." + domain, Type: "SRV",
			Value: fmt.Sprintf("%d %d %d %s", l.Priority, weight, l.Port, l.Target), Why: why})
	}
	return list
}

// pages lead to what the web server tells about a domain.
func pages(domain string, settings *discover.Settings) (list []Record) {
	if settings.HTTPS == 0 {
		return nil
	}
	for _, name := range settings.Names(domain) {
		kind, why := Programs, "mail programs find their settings"
		if strings.HasPrefix(name, "mta-sts.") {
			kind, why = PolicyHost, "other servers find how mail is encrypted (MTA-STS)"
		}
		list = append(list, Record{Kind: kind, Name: name, Type: "CNAME", Value: settings.Hostname + ".", Why: why})
	}
	if document := settings.Configuration(domain); document != nil {
		list = append(list, Record{Kind: Configuration, Name: "_ua-auto-config." + domain, Type: "TXT", Value: discover.ConfigurationRecord(document),
			Why: "mail programs may believe what they find at ua-auto-config." + domain + " (PACC); publish it again when it changes"})
	}
	if settings.PolicyMode != "" {
		// The id has to change when the policy does (RFC 8461 section 3.1).
		sum := sha256.Sum256([]byte(settings.Hostname + " " + settings.PolicyMode))
		list = append(list, Record{Kind: Policy, Name: "_mta-sts." + domain, Type: "TXT", Value: fmt.Sprintf("v=STSv1; id=%x;", sum[:8]),
			Why: "there is an MTA-STS policy; publish it once the certificate is one that others trust"})
	}
	return list
}
