package records

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"letterbox/directory"
	"letterbox/discover"
)

func keys(t *testing.T) []directory.SigningKey {
	t.Helper()
	long, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, short, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	return []directory.SigningKey{
		{Selector: "r1", Private: long, Created: now, Signs: now},
		{Selector: "e1", Private: short, Created: now, Signs: now.Add(directory.Overlap)},
		{Selector: "e0", Private: short, Created: now, Signs: now, Retired: now.Add(directory.Overlap)},
	}
}

// TestZone holds every record to what a name server makes of the line.
func TestZone(t *testing.T) {
	t.Parallel()
	settings := &discover.Settings{Hostname: "mail.example.org", IMAPS: 993, Submissions: 465, HTTPS: 443, PolicyMode: "testing"}
	list, err := Of("example.org", settings, keys(t))
	if err != nil {
		t.Fatal(err)
	}
	var zone strings.Builder
	if err := WriteZone(&zone, list); err != nil {
		t.Fatal(err)
	}
	parser := dns.NewZoneParser(strings.NewReader(zone.String()), ".", "")
	parser.SetDefaultTTL(60)
	var read int
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		want := list[read]
		if rr.Header().Name != want.Name+"." || dns.TypeToString[rr.Header().Rrtype] != want.Type {
			t.Errorf("%s was read as %s", want, rr)
		}
		if text, ok := rr.(*dns.TXT); ok && strings.Join(text.Txt, "") != want.Value {
			t.Errorf("%q was read as %q", want.Value, text.Txt)
		}
		read++
	}
	if err := parser.Err(); err != nil || read != len(list) {
		t.Errorf("%d of %d records were read: %v", read, len(list), err)
	}
	for _, kind := range []string{MX, SPF, DKIM, DMARC, TLSReports, Services, Programs, PolicyHost, Policy, Configuration} {
		if !slices.ContainsFunc(list, func(r Record) bool { return r.Kind == kind }) {
			t.Errorf("no record of kind %s", kind)
		}
	}
	for _, r := range list {
		if r.Passing != strings.HasPrefix(r.Name, "e0.") {
			t.Errorf("%s: passing is %v", r.Name, r.Passing)
		}
	}
}

// TestWithoutWeb publishes no names that nobody would answer under.
func TestWithoutWeb(t *testing.T) {
	t.Parallel()
	list, err := Of("example.org", &discover.Settings{Hostname: "mail.example.org", IMAPS: 993, PolicyMode: "testing"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		if r.Type == "CNAME" || r.Kind == Policy {
			t.Errorf("%s leads to pages that are not served", r)
		}
	}
}
