package doctor

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pelletier/go-toml/v2"
	"letterbox/certificate"
	"letterbox/finding"
	"letterbox/phrase"
	"letterbox/queue"
	"letterbox/records"
)

// An illness makes a healthy house ill, and says what has to be found.
type illness struct {
	check, finding string
	state          State
	bring          func(h *house)
}

func illnesses() []illness {
	zone := func(name, text string) func(h *house) { return func(h *house) { h.replace(name, text) } }
	queued := func(state string, age time.Duration) func(h *house) {
		return func(h *house) {
			h.Queue = []queue.Item{{Created: h.now.Add(-age), Progress: []queue.RecipientState{{State: "sent"}, {State: state}}}}
		}
	}
	cert := func(kind string, left time.Duration) func(h *house) {
		return func(h *house) {
			h.Certificates = []certificate.Status{{Name: "mail.example-family.org", Kind: kind, NotAfter: h.now.Add(left)}}
		}
	}
	target := func(change func(h *house, t *Target)) func(h *house) {
		return func(h *house) { change(h, &h.Targets[0]) }
	}
	root := `mail.example-family.org. A 192.0.2.1`
	return []illness{
		{"mx", "missing", Red, zone("example-family.org", `example-family.org. TXT "v=spf1 mx -all"`)},
		{"mx", "elsewhere", Red, zone("example-family.org", `example-family.org. MX 10 mx.elsewhere.example.`)},
		{"mx", "second", Amber, zone("example-family.org", "example-family.org. MX 10 mx.elsewhere.example.\nexample-family.org. MX 20 MAIL.example-family.org.")},
		{"mx", "silent", Unknown, func(h *house) { h.zone.Fail("example-family.org") }},
		{"spf", "missing", Amber, zone("example-family.org", `example-family.org. TXT "v=spf10 and other things"`)},
		{"spf", "several", Red, zone("example-family.org", "example-family.org. TXT \"v=spf1 mx -all\"\nexample-family.org. TXT \"v=spf1 a -all\"")},
		{"spf", "fails", Red, zone("example-family.org", `example-family.org. TXT "v=spf1 ip4:192.0.2.1 -all"`)}, // not IPv6
		{"spf", "broken", Red, zone("example-family.org", `example-family.org. TXT "v=spf1 nonsense:x -all"`)},
		{"spf", "homeless", Unknown, func(h *house) { h.zone.Remove("mail.example-family.org") }},
		{"spf", "relay", OK, func(h *house) { h.Relay = "192.0.2.25:25" }},
		{"dkim", "missing", Red, func(h *house) { h.zone.Remove("k1._domainkey.example-family.org") }},
		{"dkim", "different", Red, zone("k1._domainkey.example-family.org", `k1._domainkey.example-family.org. TXT "v=DKIM1; k=ed25519; p=AAAA"`)},
		{"dmarc", "missing", Amber, zone("_dmarc.example-family.org", `_dmarc.example-family.org. TXT "something else"`)},
		{"dmarc", "several", Red, func(h *house) { h.zone.Add(h.t, `_dmarc.example-family.org. TXT "v=DMARC1; p=reject"`) }},
		{"dmarc", "watching", Amber, zone("_dmarc.example-family.org", `_dmarc.example-family.org. TXT "v=DMARC1; p=none"`)},
		{"mtasts", "missing", Amber, func(h *house) { h.zone.Remove("_mta-sts.example-family.org") }},
		{"mtasts", "several", Amber, func(h *house) { h.zone.Add(h.t, `_mta-sts.example-family.org. TXT "v=STSv1; id=2"`) }},
		{"mtasts", "old", Amber, zone("_mta-sts.example-family.org", `_mta-sts.example-family.org. TXT "v=STSv1; id=2"`)},
		{"mtasts", "unreachable", Amber, func(h *house) {
			h.Policy = func(context.Context, string) (string, error) { return "", errors.New("no route to host") }
		}},
		{"mtasts", "elsewhere", Red, func(h *house) {
			h.Policy = func(context.Context, string) (string, error) { return "mx: *.elsewhere.example", nil }
		}},
		{"tlsrpt", "missing", Amber, func(h *house) { h.zone.Remove("_smtp._tls.example-family.org") }},
		{"tlsrpt", "several", Amber, func(h *house) { h.zone.Add(h.t, `_smtp._tls.example-family.org. TXT "v=TLSRPTv1; rua=mailto:x@y"`) }},
		{"programs", "missing", Amber, zone("_imaps._tcp.example-family.org", "_imaps._tcp.example-family.org. SRV 0 1 993 elsewhere.example.")},
		{"programs", "missing", Amber, zone("autoconfig.example-family.org", "autoconfig.example-family.org. A 192.0.2.99")},

		{"hostname", "private", Red, func(h *house) { h.Hostname = "raspberry" }},
		{"address", "missing", Red, func(h *house) { h.zone.Remove("mail.example-family.org") }},
		{"address", "private", Red, zone("mail.example-family.org", "mail.example-family.org. A 192.168.1.5")},
		{"ptr", "missing", Red, func(h *house) { h.zone.Remove("1.2.0.192.in-addr.arpa") }},
		{"ptr", "different", Amber, zone("1.2.0.192.in-addr.arpa", "1.2.0.192.in-addr.arpa. PTR pool-1.provider.example.")},
		{"caa", "forbidden", Red, func(h *house) { h.zone.Add(h.t, `example-family.org. CAA 0 issue "other.example"`) }},
		{"caa", "named", OK, func(h *house) {
			h.zone.Add(h.t, `example-family.org. CAA 0 issue "letsencrypt.org; validationmethods=dns-01"`)
		}},
		{"tlsa", "different", Red, zone("_25._tcp.mail.example-family.org", "_25._tcp.mail.example-family.org. TLSA "+tlsa[1])},
		{"tlsa", "unused", OK, func(h *house) { h.zone.Remove("_25._tcp.mail.example-family.org") }},
		{"blocklist", "listed", Red, func(h *house) { h.zone.Add(h.t, "1.2.0.192.list.example. A 127.0.0.2") }},
		{"blocklist", "refused", Unknown, func(h *house) { h.zone.Add(h.t, "1.2.0.192.list.example. A 127.255.255.254") }},

		{"listener", "stopped", Red, func(h *house) { h.Listeners = nil }},
		{"listener", "silent", Red, func(h *house) { delete(h.world, "192.0.2.1:993") }},
		{"outside", "stranger", Red, func(h *house) { h.world["[2001:db8::1]:25"] = h.smtp("220 mx.elsewhere.example", "250 fine") }},
		{"outbound", "off", Amber, func(h *house) { h.Sends = false }},
		{"outbound", "relay", Red, func(h *house) { h.Relay = "192.0.2.77:587" }},
		{"outbound", "relayed", OK, func(h *house) { h.Relay = "192.0.2.25:25" }},
		{"outbound", "untried", Unknown, func(h *house) { h.Peer = "" }},
		{"outbound", "blocked", Red, func(h *house) { delete(h.world, "192.0.2.25:25") }},
		{"openrelay", "open", Red, func(h *house) { h.world["192.0.2.1:25"] = h.smtp("220 mail.example-family.org", "250 with pleasure") }},
		{"openrelay", "unasked", Unknown, func(h *house) { delete(h.world, "192.0.2.1:25") }},

		{"certificate", "own", Amber, cert("own", time.Hour)},
		{"certificate", "expired", Red, cert("issued", -time.Hour)},
		{"certificate", "ends", Red, cert("file", 24*time.Hour)},
		{"certificate", "ends", Amber, cert("issued", 14*24*time.Hour)},
		{"disk", "full", Red, func(h *house) { h.Reserve = 1 << 60 }},
		{"disk", "low", Amber, func(h *house) { h.Reserve = free(h.t, h.Folder) * 3 / 4 }},
		{"disk", "unknown", Unknown, func(h *house) { h.Folder = filepath.Join(h.Folder, "gone") }},
		{"folder", "open", Red, func(h *house) { must(h.t, os.Chmod(h.Folder, 0o750)) }},
		{"folder", "open", Red, func(h *house) {
			must(h.t, os.Mkdir(filepath.Join(h.Folder, "tls"), 0o700))
			must(h.t, os.WriteFile(filepath.Join(h.Folder, "tls", "x.key"), nil, 0o644))
		}},
		{"folder", "unknown", Unknown, func(h *house) { h.Folder += "\x00" }},
		{"aliases", "nowhere", Amber, func(h *house) { h.Nowhere = []string{"anna+x@home.example"} }},
		{"separators", "dropped", Amber, func(h *house) { h.Dropped = "+" }},
		{"release", "newer", Amber, func(h *house) {
			h.Newest = func(context.Context, string) (Release, error) {
				return Release{"v1.10.0", "https://r.example/1.10", "Quicker."}, nil
			}
		}},
		{"release", "silent", Unknown, func(h *house) {
			h.Newest = func(context.Context, string) (Release, error) { return Release{}, errNoRelease }
		}},
		{"release", "unasked", OK, func(h *house) { h.Updates = "" }},
		{"release", "unversioned", Unknown, func(h *house) { h.Version = "devel" }},
		{"program", "replaced", Amber, func(h *house) { h.Replaced = "v1.10.0" }},
		{"database", "damaged", Red, func(h *house) { h.Damage = "page 7 is torn" }},
		{"database", "never", Unknown, func(h *house) { h.Checked = time.Time{} }},
		{"database", "late", Amber, func(h *house) { h.Checked = h.now.Add(-60 * time.Hour) }},
		{"domains", "none", Amber, func(h *house) { h.Domains = nil }},
		{"clock", "wrong", Red, func(h *house) { h.Clock = ntpServer(h.t, time.Hour) }},
		{"clock", "wrong", Amber, func(h *house) { h.Clock = ntpServer(h.t, -20*time.Second) }},
		{"clock", "silent", Unknown, func(h *house) { h.Clock = "127.0.0.1:1" }},
		{"clock", "unasked", Unknown, func(h *house) { h.Clock = "" }},

		{"snapshots", "none", Red, func(h *house) { h.Targets = nil }},
		{"snapshots", "here", Amber, target(func(_ *house, t *Target) { t.Remote = false })},
		{"snapshots", "locked", Red, func(h *house) { h.Locked = true }},
		{"target", "unreachable", Red, target(func(_ *house, t *Target) {
			t.Reach = func(context.Context) error { return errors.New("no such host") }
		})},
		{"target", "failed", Red, target(func(_ *house, t *Target) { t.Record.Error = "disk full" })},
		{"target", "never", Amber, target(func(_ *house, t *Target) { t.Record.Last = "" })},
		{"target", "late", Red, target(func(h *house, t *Target) { t.Record = record(h.now.Add(-4 * time.Hour)) })},
		{"target", "unproven", Red, target(func(_ *house, t *Target) { t.Record.Proof.Error = "a body is damaged" })},
		{"target", "old", Amber, target(func(h *house, t *Target) { t.Record.Proof.At = h.now.Add(-100 * time.Hour) })},
		{"queue", "late", Amber, queued("waiting", 5*time.Hour)},
		{"queue", "held", Amber, queued("held", time.Minute)},
		{"queue", "unknown", Unknown, func(h *house) { h.QueueErr = errors.New("no database") }},
		{"mx", "fine", OK, zone("mail.example-family.org", root)},
	}
}

func free(t *testing.T, folder string) int64 {
	t.Helper()
	var found int64
	h := &Patient{Folder: folder}
	for _, a := range disk(t.Context(), h)[0].Saw.Args[:1] {
		found = int64(a.(finding.Bytes))
	}
	return found
}

// TestHealthy finds nothing wrong with what is as it should be.
func TestHealthy(t *testing.T) {
	t.Parallel()
	results := Examine(t.Context(), build(t).Patient)
	for _, r := range results {
		if r.State != OK && r.Check != "outside" {
			t.Errorf("%s is %s: %s", r.ID(), r.State, r.Saw.In(phrase.In("en")))
		}
	}
	if len(results) < 20 || Worst(results) != OK {
		t.Errorf("%d results, the worst of them %s", len(results), Worst(results))
	}
}

// TestFindings brings every finding about, and holds it to the catalogue: each
// has its texts, in each language, and there is no text that nothing brings
// about.
func TestFindings(t *testing.T) {
	t.Parallel()
	found := map[string]bool{}
	note := func(results []Result) {
		for _, r := range results {
			speaks(t, r, found)
		}
	}
	note(Examine(t.Context(), build(t).Patient))
	for _, ill := range illnesses() {
		h := build(t)
		ill.bring(h)
		results := Examine(t.Context(), h.Patient)
		note(results)
		as := func(r Result) bool {
			return r.Check == ill.check && r.Finding == ill.finding && r.State == ill.state
		}
		if !slices.ContainsFunc(results, as) {
			t.Errorf("%s.%s (%s) was not found", ill.check, ill.finding, ill.state)
		}
	}
	for key := range catalogue(t) {
		if !found[key] {
			t.Errorf("nothing brings %s about", key)
		}
	}
}

// speaks holds a result to the catalogue and notes the keys that it needs.
func speaks(t *testing.T, r Result, found map[string]bool) {
	t.Helper()
	texts := []finding.Text{r.Title, r.Saw}
	if r.State != OK {
		texts = append(texts, r.Means, r.Do, r.Again)
	}
	for _, l := range phrase.Known() {
		for _, text := range texts {
			said := text.In(l)
			if !l.Has(text.Key) || said == "" || strings.Contains(said, "%!") {
				t.Errorf("%s %s in %s: %s says %q", r.ID(), r.Finding, l.Tag(), text.Key, said)
			}
			found[text.Key] = true
		}
	}
}

// catalogue is the set of keys of findings. The words for the states are the
// pages'.
func catalogue(t *testing.T) map[string]bool {
	t.Helper()
	data, err := os.ReadFile("../phrase/texts/en/doctor.toml")
	must(t, err)
	var tree struct{ Doctor map[string]map[string]any }
	must(t, toml.Unmarshal(data, &tree))
	keys := map[string]bool{}
	for check, texts := range tree.Doctor {
		for name, value := range texts {
			key := "doctor." + check + "." + name
			table, nested := value.(map[string]any)
			switch {
			case check == "state":
			case nested && check != "silent":
				for inner := range maps.Keys(table) {
					keys[key+"."+inner] = true
				}
			default:
				keys[key] = true
			}
		}
	}
	return keys
}

// TestDeadline gives every check up in time when nobody answers anything.
func TestDeadline(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.zone.Mute("example-family.org", "mail.example-family.org", "peer.example", "_dmarc.example-family.org")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	for _, r := range Examine(ctx, h.Patient) {
		if r.Check == "mx" && r.State != Unknown {
			t.Errorf("%s is %s, though nobody said so", r.ID(), r.State)
		}
	}
}

// TestPublish hands out records that a name server takes, and whose being there
// mends the finding.
func TestPublish(t *testing.T) {
	t.Parallel()
	h := build(t)
	for _, r := range h.Domains[0].Records {
		if r.Name != "mail.example-family.org" {
			h.zone.Remove(r.Name)
		}
	}
	before := ExamineDomain(t.Context(), h.Patient, h.Domains[0])
	var lines []string
	for _, r := range before {
		if r.State == OK {
			t.Errorf("%s is fine with nothing published", r.ID())
		}
		lines = append(lines, r.Publish...)
	}
	h.zone.Add(t, strings.Join(lines, "\n"))
	for _, r := range ExamineDomain(t.Context(), h.Patient, h.Domains[0]) {
		if r.State != OK {
			t.Errorf("%s is %s with all published: %s", r.ID(), r.State, r.Saw.In(phrase.In("en")))
		}
	}
	if kinds := len(h.Domains[0].of(records.DKIM)); kinds != 2 {
		t.Errorf("%d keys, want the present one and one that goes", kinds)
	}
}
