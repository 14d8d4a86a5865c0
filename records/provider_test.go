package records

import (
	"fmt"
	"strings"
	"testing"

	"letterbox/discover"
)

// written is a form on one line: label=value.
func written(fields []Field) string {
	var parts []string
	for _, f := range fields {
		parts = append(parts, f.Label+"="+f.Value)
	}
	return strings.Join(parts, " ")
}

func TestForms(t *testing.T) {
	t.Parallel()
	mx := Record{Name: "example.org", Type: "MX", Value: "10 mail.example.org."}
	below := Record{Name: "home.example.org", Type: "MX", Value: "10 mail.example.org."}
	srv := Record{Name: "_imaps._tcp.example.org", Type: "SRV", Value: "0 1 993 mail.example.org."}
	none := Record{Name: "_pop3._tcp.example.org", Type: "SRV", Value: "0 0 0 ."}
	alias := Record{Name: "autoconfig.example.org", Type: "CNAME", Value: "mail.example.org."}
	key := Record{Name: "r1._domainkey.example.org", Type: "TXT", Value: "v=DKIM1; p=" + strings.Repeat("a", 300)}
	long := fmt.Sprintf(`"v=DKIM1; p=%s" "%s"`, strings.Repeat("a", 244), strings.Repeat("a", 56))
	for _, test := range []struct {
		provider string
		record   Record
		want     string
	}{
		{"cloudflare", mx, "name=@ priority=10 target=mail.example.org"},
		{"cloudflare", below, "name=home priority=10 target=mail.example.org"},
		{"cloudflare", srv, "name=_imaps._tcp priority=0 weight=1 port=993 target=mail.example.org"},
		{"cloudflare", none, "name=_pop3._tcp priority=0 weight=0 port=0 target=."},
		{"cloudflare", key, "name=r1._domainkey value=" + key.Value},
		{"hetzner", mx, "name=@ value=10 mail.example.org."},
		{"hetzner", srv, "name=_imaps._tcp value=0 1 993 mail.example.org."},
		{"hetzner", key, "name=r1._domainkey value=" + long},
		{"hetzner", alias, "name=autoconfig value=mail.example.org."},
		{"ionos", srv, "service=_imaps protocol=_tcp name=@ priority=0 weight=1 port=993 target=mail.example.org"},
		{"ionos", alias, "name=autoconfig value=mail.example.org"},
		{"namecheap", mx, "name=@ priority=10 target=mail.example.org"},
		{"godaddy", Record{Name: "_imaps._tcp.home.example.org", Type: "SRV", Value: "0 1 993 m."}, "service=_imaps protocol=_tcp name=home priority=0 weight=1 port=993 target=m"},
		{"ovh", mx, "name= priority=10 target=mail.example.org."},
		{"route53", mx, "name= value=10 mail.example.org."},
		{"route53", key, "name=r1._domainkey value=" + long},
		{"desec", key, "name=r1._domainkey value=" + long},
		{"inwx", mx, "name= priority=10 target=mail.example.org"},
		{"nobody", mx, "name=@ value=10 mail.example.org."},
	} {
		if got := written(ProviderBy(test.provider).Form(test.record, "example.org")); got != test.want {
			t.Errorf("%s: %s\nis  %s\nnot %s", test.provider, test.record, got, test.want)
		}
	}
}

func TestProviderOf(t *testing.T) {
	t.Parallel()
	for server, want := range map[string]string{
		"ada.ns.cloudflare.com.": "cloudflare", "Hydrogen.NS.hetzner.com.": "hetzner", "ns1.your-server.de": "hetzner",
		"ns1042.ui-dns.biz.": "ionos", "dns1.registrar-servers.com.": "namecheap", "ns07.domaincontrol.com.": "godaddy",
		"dns107.ovh.net.": "ovh", "ns-1536.awsdns-00.co.uk.": "route53", "ns1.desec.io.": "desec", "ns.inwx.de.": "inwx",
		"ns1.example.net.": "other", "cloudflare.com.evil.example.": "other",
	} {
		if got := ProviderOf([]string{"x.example.", server}).Key; got != want {
			t.Errorf("%s is of %s, not %s", server, got, want)
		}
	}
	if got := ProviderOf(nil).Key; got != "other" {
		t.Errorf("no server is of %s", got)
	}
}

// TestEveryFormIsWhole: nothing of a record is lost on the way into a form.
func TestEveryFormIsWhole(t *testing.T) {
	t.Parallel()
	settings := &discover.Settings{Hostname: "mail.example.org", IMAPS: 993, Submissions: 465, HTTPS: 443, PolicyMode: "testing"}
	list, err := Of("example.org", settings, keys(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range Providers() {
		for _, r := range list {
			text := written(p.Form(r, "example.org"))
			for _, word := range strings.Fields(strings.ReplaceAll(r.Value, "mail.example.org.", "mail.example.org")) {
				if !strings.Contains(strings.ReplaceAll(text, `" "`, ""), word) {
					t.Errorf("%s: %q of %s is not in %s", p.Key, word, r, text)
				}
			}
		}
	}
}
