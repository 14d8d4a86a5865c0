package records

import "strings"

// A Provider serves the DNS of many domains, and has a form of its own into which
// its customers type records. How those look is nowhere standardised; what is here
// is how they were in 2026.
type Provider struct {
	Key  string // in addresses and texts
	Name string

	servers []string // what the names of its name servers end in
	apex    string   // what stands for the domain itself
	quoted  bool     // texts are typed with quotes, in pieces of at most 255 letters
	dotted  bool     // the names of others end in a dot, or the domain is appended to them
	split   bool     // the numbers of MX and SRV have fields of their own
	service bool     // service and protocol of SRV have fields of their own
}

// Providers are those that are known, in the order of their names. The last one
// stands for all others.
func Providers() []Provider {
	return []Provider{
		{Key: "cloudflare", Name: "Cloudflare", servers: []string{".ns.cloudflare.com"}, apex: "@", split: true},
		{Key: "desec", Name: "deSEC", servers: []string{".desec.io", ".desec.org"}, quoted: true, dotted: true, split: true},
		{Key: "godaddy", Name: "GoDaddy", servers: []string{".domaincontrol.com"}, apex: "@", split: true, service: true},
		{Key: "hetzner", Name: "Hetzner", apex: "@", quoted: true, dotted: true,
			servers: []string{".ns.hetzner.com", ".ns.hetzner.de", ".your-server.de", ".second-ns.com", ".second-ns.de"}},
		{Key: "inwx", Name: "INWX", servers: []string{".inwx.de", ".inwx.eu", ".inwx.com", ".domrobot.com"}, split: true},
		{Key: "ionos", Name: "IONOS", apex: "@", split: true, service: true,
			servers: []string{".ui-dns.com", ".ui-dns.de", ".ui-dns.org", ".ui-dns.biz"}},
		{Key: "namecheap", Name: "Namecheap", servers: []string{".registrar-servers.com"}, apex: "@", split: true, service: true},
		{Key: "ovh", Name: "OVH", servers: []string{".ovh.net", ".ovh.ca", ".anycast.me"}, dotted: true, split: true},
		{Key: "route53", Name: "Amazon Route 53", servers: []string{".awsdns-"}, quoted: true, dotted: true},
		{Key: "other", apex: "@", dotted: true},
	}
}

// ProviderBy returns the one of a key; that for all others where there is none.
func ProviderBy(key string) Provider {
	all := Providers()
	for _, p := range all {
		if p.Key == key {
			return p
		}
	}
	return all[len(all)-1]
}

// ProviderOf goes by the names of a zone's name servers.
func ProviderOf(servers []string) Provider {
	for _, p := range Providers() {
		for _, end := range p.servers {
			for _, server := range servers {
				if isOf(strings.TrimSuffix(strings.ToLower(server), "."), end) {
					return p
				}
			}
		}
	}
	return ProviderBy("other")
}

// isOf: Route 53 has many domains that begin alike.
func isOf(server, end string) bool {
	return strings.HasSuffix(server, end) || strings.HasSuffix(end, "-") && strings.Contains(server, end)
}

// A Field is one of a provider's form: Label is name, value, priority, weight, port,
// target, service or protocol.
type Field struct{ Label, Value string }

// Form is how a record is typed there; zone is the domain that the provider serves.
func (p Provider) Form(r Record, zone string) []Field {
	name := p.relative(r.Name, zone)
	numbers := strings.Fields(r.Value)
	switch {
	case r.Type == "MX" && p.split:
		return []Field{{"name", name}, {"priority", numbers[0]}, {"target", p.target(numbers[1])}}
	case r.Type == "SRV" && p.split:
		return append(p.serviceOf(name), Field{"priority", numbers[0]}, Field{"weight", numbers[1]},
			Field{"port", numbers[2]}, Field{"target", p.target(numbers[3])})
	case r.Type == "TXT" && p.quoted:
		return []Field{{"name", name}, {"value", quote(r.Value)}}
	case r.Type == "MX", r.Type == "SRV", r.Type == "CNAME":
		last := len(numbers) - 1
		return []Field{{"name", name}, {"value", strings.Join(append(numbers[:last:last], p.target(numbers[last])), " ")}}
	}
	return []Field{{"name", name}, {"value", r.Value}}
}

// serviceOf takes the name of an SRV record apart: _imaps._tcp or _imaps._tcp.mail.
func (p Provider) serviceOf(name string) []Field {
	parts := strings.SplitN(name, ".", 3)
	if !p.service || len(parts) < 2 {
		return []Field{{"name", name}}
	}
	below := p.apex
	if len(parts) == 3 {
		below = parts[2]
	}
	return []Field{{"service", parts[0]}, {"protocol", parts[1]}, {"name", below}}
}

// relative is a name without the zone.
func (p Provider) relative(name, zone string) string {
	if name == zone {
		return p.apex
	}
	return strings.TrimSuffix(name, "."+zone)
}

// target is the name of a server elsewhere; "." says that there is none.
func (p Provider) target(name string) string {
	if p.dotted || name == "." {
		return name
	}
	return strings.TrimSuffix(name, ".")
}
