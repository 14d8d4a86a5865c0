package command

import (
	"context"
	"fmt"

	"letterbox/appliance"
	"letterbox/control"
)

type certificateCmd struct {
	List   certificateList   `cmd:"" help:"Which certificate is shown for which name, until when, and why there is no better one."`
	Retry  certificateRetry  `cmd:"" help:"Ask the certificate authority again now, after mending what was wrong."`
	Tlsa   certificateTLSA   `cmd:"" help:"Print the DNS records by which other mail servers know the key (DANE)."`
	Rotate certificateRotate `cmd:"" help:"Replace the certificate by one with another key."`
}

type certificateList struct{ listFlags }

func (c *certificateList) inside(_ context.Context, d *appliance.Data, stdio control.Stdio) error {
	records := d.Certificates.Status()
	kinds := map[string]string{"own": "this machine itself", "file": "the files in tls.certificate"}
	t := &table{header: []string{"NAME", "FROM", "UNTIL", "REMARK"}}
	for _, s := range records {
		from := kinds[s.Kind]
		if from == "" {
			from = s.Issuer
		}
		remark := s.Reason
		if !s.NextTry.IsZero() {
			remark += " Next try: " + moment(s.NextTry) + "."
		}
		t.add(s.Name, from, moment(s.NotAfter), remark)
	}
	return c.print(stdio.Out, records, t)
}

type certificateRetry struct{}

func (c *certificateRetry) inside(_ context.Context, d *appliance.Data, stdio control.Stdio) error {
	d.Certificates.Retry()
	fmt.Fprintln(stdio.Out, "It is asked again while the appliance runs; 'letterbox certificate list' shows what becomes of it.")
	return nil
}

type certificateTLSA struct{}

func (c *certificateTLSA) inside(_ context.Context, d *appliance.Data, stdio control.Stdio) error {
	records, err := d.Certificates.TLSA()
	if err != nil {
		return err
	}
	for _, data := range records {
		fmt.Fprintf(stdio.Out, "_25._tcp.%s. IN TLSA %s\n", d.Config.Hostname, data)
	}
	if len(records) > 1 {
		fmt.Fprintln(stdio.Out, "; The second is of the key that comes next: publish both, a day before 'letterbox certificate rotate' at the latest.")
	}
	return nil
}

type certificateRotate struct {
	Name   string `help:"Which; the host name unless it is given."`
	Revoke bool   `help:"Take the old certificate back: its key may be known to others."`
}

func (c *certificateRotate) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	name := c.Name
	if name == "" {
		name = d.Config.Hostname
	}
	if err := d.Certificates.Rotate(ctx, name, c.Revoke); err != nil {
		return fmt.Errorf("replace the certificate for %s: %w", name, err)
	}
	fmt.Fprintf(stdio.Out, "%s has a certificate with another key. If you publish TLSA records, print the new ones: letterbox certificate tlsa\n", name)
	return nil
}
