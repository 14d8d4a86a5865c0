package command

import (
	"context"
	"fmt"

	"letterbox/appliance"
	"letterbox/control"
	"letterbox/directory"
)

type domainSet struct {
	Domain string `arg:"" help:"Which."`

	Quota     *appliance.Size `placeholder:"SIZE" help:"How much each of its users and teams may keep who has no limit of their own, such as '5 GB'; 0 for any."`
	Messages  *int64          `placeholder:"N" help:"How many messages each may keep; 0 for any."`
	Mailboxes *int64          `placeholder:"N" help:"How many mailboxes each may have; 0 for any."`

	Total         *appliance.Size `placeholder:"SIZE" help:"How much all of them may keep together; 0 for any."`
	TotalMessages *int64          `placeholder:"N" help:"How many messages all of them may keep together; 0 for any."`
}

func (c *domainSet) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	domain, err := d.Directory.Domain(ctx, c.Domain)
	if err != nil {
		return err
	}
	_, limit, err := d.Store.DomainUsage(ctx, domain.ID)
	if err != nil {
		return err
	}
	setSize(&limit.Each.Bytes, c.Quota)
	setSize(&limit.Total.Bytes, c.Total)
	for to, n := range map[*int64]*int64{
		&limit.Each.Messages: c.Messages, &limit.Each.Mailboxes: c.Mailboxes, &limit.Total.Messages: c.TotalMessages,
	} {
		if n == nil {
			continue
		}
		if *n < 0 {
			return fmt.Errorf("%d is no limit; write a number, or 0 for any", *n)
		}
		*to = *n
	}
	if err := d.Store.SetDomainLimit(ctx, domain.ID, limit); err != nil {
		return err
	}
	err = d.Directory.Record(ctx, directory.Event{Action: "domain.quota", Subject: domain.Name,
		Detail: fmt.Sprintf("each %s; total %s", limit.Each, limit.Total)})
	if err != nil {
		return err
	}
	fmt.Fprintf(stdio.Out, "%s changed.\n", domain.Name)
	return nil
}

func setSize(to *int64, from *appliance.Size) {
	if from != nil {
		*to = int64(*from)
	}
}

// domainRecord is one line of the list as programs see it. Limits are 0 for any.
type domainRecord struct {
	Name     string      `json:"name"`
	Created  string      `json:"created"`
	Bytes    int64       `json:"bytes"`
	Messages int64       `json:"messages"`
	Each     limitRecord `json:"limit_each"`
	Total    limitRecord `json:"limit_total"`
}

type limitRecord struct {
	Bytes     int64 `json:"bytes"`
	Messages  int64 `json:"messages"`
	Mailboxes int64 `json:"mailboxes"`
}

func recordDomain(ctx context.Context, d *appliance.Data, domain directory.Domain) (domainRecord, error) {
	usage, limit, err := d.Store.DomainUsage(ctx, domain.ID)
	return domainRecord{
		Name: domain.Name, Created: stamp(domain.Created), Bytes: usage.Bytes, Messages: usage.Messages,
		Each: limitRecord(limit.Each), Total: limitRecord(limit.Total),
	}, err
}
