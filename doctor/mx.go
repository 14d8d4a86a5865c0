package doctor

import (
	"context"
	"strings"

	"letterbox/records"
	"letterbox/resolver"
)

// mx looks at where mail for the domain goes.
func mx(ctx context.Context, p *Patient, d Domain) []Result {
	a := dnsThing("mx", d.Name)
	line := d.of(records.MX)[0].String()
	list, _, err := p.Resolver.MX(ctx, d.Name)
	switch {
	case resolver.NotFound(err):
		return []Result{a.red("missing", d.Name, p.Hostname).publish(line)}
	case err != nil:
		return []Result{a.silent(err)}
	}
	var others []string
	ours := false
	for _, m := range list {
		if same(m.Host, p.Hostname) {
			ours = true
		} else {
			others = append(others, strings.TrimSuffix(m.Host, "."))
		}
	}
	switch {
	case !ours:
		return []Result{a.red("elsewhere", strings.Join(others, ", "), p.Hostname).publish(line)}
	case !same(list[0].Host, p.Hostname):
		return []Result{a.amber("second", strings.TrimSuffix(list[0].Host, "."), p.Hostname).publish(line)}
	}
	return []Result{a.ok("fine", p.Hostname)}
}

// same compares names of the DNS.
func same(a, b string) bool {
	return strings.EqualFold(strings.TrimSuffix(a, "."), strings.TrimSuffix(b, "."))
}
