package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/html/charset"
)

// A DMARC is an aggregate report: how a day's mail in the name of a domain came to
// one receiver (RFC 7489 appendix C).
type DMARC struct {
	Version  string   `xml:"version"`
	Metadata Metadata `xml:"report_metadata"`
	Policy   Policy   `xml:"policy_published"`
	Records  []Record `xml:"record"`
}

// Metadata say who reports, and about when.
type Metadata struct {
	Organization string   `xml:"org_name"`
	Email        string   `xml:"email"`
	ID           string   `xml:"report_id"`
	Begin        int64    `xml:"date_range>begin"` // seconds since 1970
	End          int64    `xml:"date_range>end"`
	Errors       []string `xml:"error,omitempty"`
}

// A Policy is what the domain published.
type Policy struct {
	Domain    string `xml:"domain" json:"domain"`
	DKIM      string `xml:"adkim,omitempty" json:"adkim,omitempty"` // "r" or "s"
	SPF       string `xml:"aspf,omitempty" json:"aspf,omitempty"`
	Own       string `xml:"p" json:"p"` // "none", "quarantine", "reject"
	Subdomain string `xml:"sp,omitempty" json:"sp,omitempty"`
	Percent   int    `xml:"pct" json:"pct"`
	Failures  string `xml:"fo" json:"-"` // which single failures to report: nobody gets those from here
}

// A Record is about messages that were alike.
type Record struct {
	Source      string       `xml:"row>source_ip" json:"source"`
	Count       int64        `xml:"row>count" json:"count,omitempty"`
	Disposition string       `xml:"row>policy_evaluated>disposition" json:"disposition"` // "none", "quarantine", "reject"
	DKIM        string       `xml:"row>policy_evaluated>dkim" json:"dkim"`               // "pass" or "fail": aligned
	SPF         string       `xml:"row>policy_evaluated>spf" json:"spf"`
	Reasons     []Override   `xml:"row>policy_evaluated>reason" json:"reasons,omitempty"`
	Sender      string       `xml:"identifiers>envelope_from" json:"sender,omitempty"` // domains
	From        string       `xml:"identifiers>header_from" json:"from"`
	Signatures  []AuthResult `xml:"auth_results>dkim" json:"signatures,omitempty"`
	Senders     []AuthResult `xml:"auth_results>spf" json:"senders,omitempty"`
}

// An Override is why something else was done than the domain asks for.
type Override struct {
	Type    string `xml:"type" json:"type"`
	Comment string `xml:"comment,omitempty" json:"comment,omitempty"`
}

// An AuthResult is what one check found, whosever domain it was.
type AuthResult struct {
	Domain   string `xml:"domain" json:"domain"`
	Selector string `xml:"selector,omitempty" json:"selector,omitempty"` // of a signature
	Scope    string `xml:"scope,omitempty" json:"scope,omitempty"`       // of SPF: "mfrom" or "helo"
	Result   string `xml:"result" json:"result"`
}

// Passes says whether the domain stands for the messages.
func (r *Record) Passes() bool { return r.DKIM == "pass" || r.SPF == "pass" }

// Begins and Ends are the time that the report is about.
func (d *DMARC) Begins() time.Time { return time.Unix(d.Metadata.Begin, 0).UTC() }

// Ends is the end of it.
func (d *DMARC) Ends() time.Time { return time.Unix(d.Metadata.End, 0).UTC() }

// Encode writes the report as XML.
func (d *DMARC) Encode() ([]byte, error) {
	d.Version, d.Policy.Failures = "1.0", "0"
	var b bytes.Buffer
	b.WriteString(xml.Header)
	e := xml.NewEncoder(&b)
	e.Indent("", "  ")
	if err := e.EncodeElement(d, xml.StartElement{Name: xml.Name{Local: "feedback"}}); err != nil {
		return nil, fmt.Errorf("write DMARC report: %w", err)
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// ReadDMARC reads a report. It takes what the great reporters write, in whatever
// namespace, and of too long a report the first records.
func ReadDMARC(r io.Reader) (*DMARC, error) {
	d := xml.NewDecoder(r)
	d.CharsetReader = charset.NewReaderLabel
	var report DMARC
	root := false
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) && root {
			return report.tidy()
		}
		if err != nil {
			return nil, fmt.Errorf("read DMARC report: %w", err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if !root {
			if root = start.Name.Local == "feedback"; !root {
				return nil, ErrNone
			}
			continue
		}
		if err := report.element(d, start); err != nil {
			return nil, fmt.Errorf("read DMARC report: %w", err)
		}
	}
}

// element reads one of those below the root.
func (d *DMARC) element(decoder *xml.Decoder, start xml.StartElement) error {
	switch start.Name.Local {
	case "report_metadata":
		return decoder.DecodeElement(&d.Metadata, &start)
	case "policy_published":
		d.Policy.Percent = 100 // RFC 7489 section 6.3
		return decoder.DecodeElement(&d.Policy, &start)
	case "record":
		if len(d.Records) >= maxRecords {
			return decoder.Skip()
		}
		var r Record
		if err := decoder.DecodeElement(&r, &start); err != nil {
			return err
		}
		d.Records = append(d.Records, r)
		return nil
	}
	return decoder.Skip()
}

// tidy makes what strangers wrote comparable and harmless, and refuses what makes
// no sense.
func (d *DMARC) tidy() (*DMARC, error) {
	m := &d.Metadata
	m.Organization, m.Email, m.ID = plain(m.Organization), plain(m.Email), plain(m.ID)
	m.Errors = nil
	d.Version = plain(d.Version)
	p := &d.Policy
	p.Domain, p.Own, p.Subdomain = name(p.Domain), word(p.Own), word(p.Subdomain)
	p.DKIM, p.SPF, p.Failures = word(p.DKIM), word(p.SPF), ""
	switch {
	case p.Domain == "":
		return nil, errors.New("the DMARC report is about no domain")
	case m.ID == "":
		return nil, errors.New("the DMARC report has no id")
	case m.Begin <= 0 || m.End < m.Begin || m.End > 1<<33:
		return nil, errors.New("the DMARC report is about no time")
	}
	for i := range d.Records {
		if err := d.Records[i].tidy(); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (r *Record) tidy() error {
	address, err := netip.ParseAddr(strings.TrimSpace(r.Source))
	if err != nil {
		return errors.New("a record of the DMARC report is about no address")
	}
	if r.Count < 0 || r.Count > maxCount {
		return errors.New("a record of the DMARC report counts nonsense")
	}
	r.Source = address.Unmap().WithZone("").String()
	r.Disposition, r.DKIM, r.SPF = word(r.Disposition), word(r.DKIM), word(r.SPF)
	r.Sender, r.From = name(r.Sender), name(r.From)
	r.Reasons = r.Reasons[:min(len(r.Reasons), maxParts)]
	for i := range r.Reasons {
		r.Reasons[i] = Override{word(r.Reasons[i].Type), plain(r.Reasons[i].Comment)}
	}
	r.Signatures, r.Senders = tidyResults(r.Signatures), tidyResults(r.Senders)
	return nil
}

func tidyResults(list []AuthResult) []AuthResult {
	list = list[:min(len(list), maxParts)]
	for i, a := range list {
		list[i] = AuthResult{name(a.Domain), plain(a.Selector), word(a.Scope), word(a.Result)}
	}
	return list
}

// word is one of a vocabulary.
func word(s string) string { return strings.ToLower(plain(s)) }
