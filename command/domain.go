package command

import (
	"context"
	"errors"
	"fmt"

	"letterbox/appliance"
	"letterbox/control"
	"letterbox/directory"
)

type domainCmd struct {
	Add    domainAdd    `cmd:"" help:"Receive mail for a domain."`
	Set    domainSet    `cmd:"" help:"Change what its users may keep."`
	List   domainList   `cmd:"" help:"List the domains with what is kept in each."`
	Remove domainRemove `cmd:"" help:"Receive mail for a domain no more."`
	DNS    domainDNS    `cmd:"" name:"dns" help:"Print the DNS records that a domain needs."`
	Rotate domainKeys   `cmd:"" name:"rotate-keys" help:"Make new keys that sign the domain's mail (DKIM), to follow the present ones in a week."`
}

type domainAdd struct {
	Domain string `arg:"" help:"Such as example.org."`
}

func (c *domainAdd) begins() {}

func (c *domainAdd) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	domain, err := d.Directory.AddDomain(ctx, c.Domain)
	if err != nil {
		return err
	}
	if err := d.Directory.EnsureKeys(ctx, domain.Name); err != nil {
		return err
	}
	if err := d.ServeNames(ctx); err != nil {
		return err
	}
	fmt.Fprintf(stdio.Out, "%s added. Next: letterbox user add SOMEBODY@%[1]s\nThe DNS records that it needs: letterbox domain dns %[1]s\n", domain.Name)
	return nil
}

type domainList struct{ listFlags }

func (c *domainList) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	domains, err := d.Directory.Domains(ctx)
	if err != nil {
		return err
	}
	records := []domainRecord{}
	t := &table{
		header: []string{"DOMAIN", "SIZE", "TOTAL QUOTA", "QUOTA OF EACH", "SINCE"},
		empty:  "No domain yet. Add one: letterbox domain add DOMAIN",
	}
	for _, domain := range domains {
		r, err := recordDomain(ctx, d, domain)
		if err != nil {
			return err
		}
		records = append(records, r)
		t.add(domain.Name, size(r.Bytes), limitText(r.Total.Bytes), limitText(r.Each.Bytes), moment(domain.Created))
	}
	return c.print(stdio.Out, records, t)
}

type domainRemove struct {
	Domain string `arg:"" help:"One without users and aliases."`
}

func (c *domainRemove) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	err := d.Directory.RemoveDomain(ctx, c.Domain)
	if errors.Is(err, directory.ErrNotEmpty) {
		return fmt.Errorf("%s still has users or aliases; remove those first ('letterbox user list', 'letterbox alias list')", c.Domain)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(stdio.Out, "%s removed.\n", c.Domain)
	return d.ServeNames(ctx)
}
