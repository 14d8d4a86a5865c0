package doctor

import (
	"context"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"letterbox/records"
	"letterbox/resolver"
)

// programs looks at what leads mail programs to the settings: SRV records and
// the names of the web server. It is one result, as any of them may be enough
// for a program.
func programs(ctx context.Context, p *Patient, d Domain) []Result {
	a := dnsThing("programs", d.Name)
	wanted := slices.Concat(d.of(records.Services), d.of(records.Programs), d.of(records.Configuration))
	var missing, lines []string
	for _, r := range wanted {
		there, err := p.leadsHere(ctx, r)
		if err != nil {
			return []Result{a.silent(err)}
		}
		if !there {
			missing, lines = append(missing, r.Name), append(lines, r.String())
		}
	}
	if len(missing) > 0 {
		return []Result{a.amber("missing", len(missing), len(wanted), strings.Join(missing, ", ")).publish(lines...)}
	}
	return []Result{a.ok("fine", len(wanted))}
}

// leadsHere reports whether what is published where a record should be leads to
// the same place.
func (p *Patient) leadsHere(ctx context.Context, r records.Record) (bool, error) {
	switch r.Type {
	case "SRV":
		return p.serves(ctx, r)
	case "TXT":
		texts, err := p.Resolver.LookupTXT(ctx, r.Name)
		return slices.Contains(texts, r.Value), unlessMissing(err)
	}
	found, _, err := p.Resolver.Addresses(ctx, r.Name)
	if err != nil {
		return false, unlessMissing(err)
	}
	ours, err := p.addresses(ctx)
	if err != nil {
		return false, unlessMissing(err)
	}
	return slices.ContainsFunc(found, func(one netip.Addr) bool { return slices.Contains(ours, one) }), nil
}

func (p *Patient) serves(ctx context.Context, r records.Record) (bool, error) {
	list, err := p.Resolver.SRV(ctx, r.Name)
	want := strings.Fields(r.Value) // priority, weight, port, target
	for _, s := range list {
		if same(s.Target, want[3]) && strconv.Itoa(int(s.Port)) == want[2] {
			return true, nil
		}
	}
	return false, unlessMissing(err)
}

// unlessMissing is an error but for one that says that there is nothing.
func unlessMissing(err error) error {
	if resolver.NotFound(err) {
		return nil
	}
	return err
}
