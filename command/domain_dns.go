package command

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"strings"

	"letterbox/appliance"
	"letterbox/control"
	"letterbox/directory"
	"letterbox/discover"
)

type domainDNS struct {
	Domain string `arg:"" help:"One of ours."`
	listFlags
}

// A dnsRecord is one that the owner of a domain publishes.
type dnsRecord struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Value string `json:"value"`
	Why   string `json:"why"`
}

func (c *domainDNS) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	if err := d.Directory.EnsureKeys(ctx, c.Domain); err != nil {
		return err
	}
	keys, err := d.Directory.PublishedKeys(ctx, c.Domain)
	if err != nil {
		return err
	}
	records, err := domainRecords(c.Domain, &d.Config, keys)
	if err != nil {
		return err
	}
	if c.JSON {
		return c.print(stdio.Out, records, nil)
	}
	writeZone(stdio.Out, records)
	return nil
}

// domainRecords are what a domain needs so that its mail arrives and is trusted,
// and so that mail programs find their settings.
func domainRecords(domain string, config *appliance.Config, keys []directory.SigningKey) ([]dnsRecord, error) {
	hostname := config.Hostname
	records := []dnsRecord{
		{domain, "MX", "10 " + hostname + ".", "mail for the domain comes here"},
		{domain, "TXT", "v=spf1 mx -all", "mail from the domain comes from here alone; with a relay add what it tells you to (include:...)"},
	}
	for _, k := range keys {
		text, err := k.Record()
		if err != nil {
			return nil, err
		}
		why := "signs mail (DKIM)"
		switch {
		case !k.Retired.IsZero():
			why = "signed mail until " + moment(k.Retired) + "; may go " + moment(k.Retired.Add(directory.Overlap))
		case k.Signs.After(k.Created):
			why = "signs mail from " + moment(k.Signs)
		}
		records = append(records, dnsRecord{k.Selector + "._domainkey." + domain, "TXT", text, why})
	}
	records = append(records, dnsRecord{"_dmarc." + domain, "TXT", "v=DMARC1; p=quarantine; rua=mailto:postmaster@" + domain,
		"mail in the domain's name that is not signed or not from here is no good (DMARC)"})
	records = append(records, serviceRecords(domain, config)...)
	return append(records, settingsRecords(domain, config)...), nil
}

// serviceRecords lead mail programs straight to the servers, by SRV (RFC 6186,
// RFC 8314).
func serviceRecords(domain string, config *appliance.Config) (records []dnsRecord) {
	for _, l := range config.Settings().Locations() {
		weight, why := 1, "mail programs find the server"
		if l.Target == "." {
			weight, why = 0, "there is no POP3 here"
		}
		records = append(records, dnsRecord{l.Service + "." + domain, "SRV",
			fmt.Sprintf("%d %d %d %s", l.Priority, weight, l.Port, l.Target), why})
	}
	return records
}

// settingsRecords lead to what the web server tells about a domain.
func settingsRecords(domain string, config *appliance.Config) (records []dnsRecord) {
	if len(config.Listen.HTTPS) == 0 {
		return nil
	}
	settings := config.Settings()
	for _, name := range settings.Names(domain) {
		why := "mail programs find their settings"
		if strings.HasPrefix(name, "mta-sts.") {
			why = "other servers find how mail is encrypted (MTA-STS)"
		}
		records = append(records, dnsRecord{name, "CNAME", config.Hostname + ".", why})
	}
	if document := settings.Configuration(domain); document != nil {
		records = append(records, dnsRecord{"_ua-auto-config." + domain, "TXT", discover.ConfigurationRecord(document),
			"mail programs may believe what they find at ua-auto-config." + domain + " (PACC); publish it again when it changes"})
	}
	if config.SMTP.MTASTS != "" {
		// The id has to change when the policy does (RFC 8461 section 3.1).
		sum := sha256.Sum256([]byte(config.Hostname + " " + config.SMTP.MTASTS))
		records = append(records, dnsRecord{"_mta-sts." + domain, "TXT", fmt.Sprintf("v=STSv1; id=%x;", sum[:8]),
			"there is an MTA-STS policy; publish it once the certificate is one that others trust"})
	}
	return records
}

// writeZone writes records as a zone file has them.
func writeZone(w io.Writer, records []dnsRecord) {
	for _, r := range records {
		value := r.Value
		if r.Type == "TXT" {
			value = quoteTXT(value)
		}
		fmt.Fprintf(w, "; %s\n%s. %s %s\n\n", r.Why, r.Name, r.Type, value)
	}
}

// quoteTXT writes a text in strings of at most 255 bytes (RFC 1035 section 3.3).
func quoteTXT(text string) string {
	var parts []string
	for len(text) > 255 {
		parts = append(parts, `"`+text[:255]+`"`)
		text = text[255:]
	}
	return strings.Join(append(parts, `"`+text+`"`), " ")
}

type domainKeys struct {
	Domain string `arg:"" help:"One of ours."`
}

func (c *domainKeys) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	if err := d.Directory.RotateKeys(ctx, c.Domain); err != nil {
		return err
	}
	fmt.Fprintf(stdio.Out, "New keys for %s are made. They sign in a week; publish them before that:\n\n", c.Domain)
	return (&domainDNS{Domain: c.Domain}).inside(ctx, d, stdio)
}
