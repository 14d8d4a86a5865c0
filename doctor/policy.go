package doctor

import (
	"context"
	"strings"

	"letterbox/records"
)

// policy looks at the two halves of MTA-STS (RFC 8461): the record that there is
// a policy, and the policy itself. A record without its policy, or with one that
// names other servers, keeps mail away.
func policy(ctx context.Context, p *Patient, d Domain) []Result {
	wanted := d.of(records.Policy)
	if len(wanted) == 0 {
		return nil
	}
	a, want := dnsThing("mtasts", d.Name), wanted[0]
	texts, err := p.published(ctx, want.Name, "v=STSv1")
	var lines []string
	for _, r := range append(d.of(records.PolicyHost), want) {
		lines = append(lines, r.String())
	}
	switch {
	case err != nil:
		return []Result{a.silent(err)}
	case len(texts) == 0:
		return []Result{a.amber("missing", d.Name).publish(lines...)}
	case len(texts) > 1:
		return []Result{a.amber("several", want.Name, len(texts)).publish(want.String())}
	}
	text, err := p.Policy(ctx, d.Name)
	switch {
	case err != nil:
		return []Result{a.amber("unreachable", d.Name, err.Error()).publish(lines...)}
	case !names(text, p.Hostname):
		return []Result{a.red("elsewhere", d.Name, p.Hostname)}
	case tag(texts[0], "id") != tag(want.Value, "id"):
		return []Result{a.amber("old", tag(texts[0], "id")).publish(want.String())}
	}
	return []Result{a.ok("fine")}
}

// names reports whether a policy names a mail server (RFC 8461 section 3.2).
func names(policy, host string) bool {
	for line := range strings.Lines(policy) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		value = strings.TrimSpace(value)
		_, parent, _ := strings.Cut(host, ".")
		if key == "mx" && (same(value, host) || same(value, "*."+parent)) {
			return true
		}
	}
	return false
}
