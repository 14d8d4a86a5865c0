package queue

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"letterbox/delivery"
	"letterbox/mailauth"
)

// publishKeys puts a domain's keys into the zone.
func (h *house) publishKeys(domain string) {
	h.t.Helper()
	ctx := context.Background()
	must(h.t, h.users.EnsureKeys(ctx, domain))
	keys, err := h.users.PublishedKeys(ctx, domain)
	must(h.t, err)
	for _, k := range keys {
		text, err := k.Record()
		must(h.t, err)
		record := fmt.Sprintf("%s._domainkey.%s. TXT %q", k.Selector, domain, text[:min(250, len(text))])
		if len(text) > 250 {
			record += fmt.Sprintf(" %q", text[250:])
		}
		h.zone.Add(h.t, record)
	}
}

// check judges what arrived as its receiver would.
func (h *house) check(a arrival, sender string) *mailauth.Verdict {
	v := &mailauth.Verifier{Resolver: h.courier.Resolver}
	return v.Check(h.t.Context(), mailauth.Session{Remote: netip.MustParseAddr("203.0.113.7"), Helo: "mx.home.example", Sender: sender}, []byte(a.data))
}

// TestSigned sends what Ann wrote with two signatures that the receiver can check
// and that stand for her domain.
func TestSigned(t *testing.T) {
	t.Parallel()
	h := build(t, farZone+"_dmarc.home.example. TXT \"v=DMARC1; p=reject\"\n")
	h.publishKeys("home.example")
	far := startMX(t)
	h.place("192.0.2.1:25", far.addr)
	h.start()
	h.submit("bob@far.example")
	found := h.check(far.wait(1)[0], "ann@home.example")
	h.empty()
	if len(found.DKIM) != 2 || found.DKIM[0].Result != mailauth.Pass || found.DKIM[1].Result != mailauth.Pass ||
		found.DKIM[0].Algorithm != "rsa-sha256" || found.DKIM[1].Algorithm != "ed25519-sha256" {
		t.Errorf("DKIM: %+v", found.DKIM)
	}
	if found.DMARC.Result != mailauth.Pass {
		t.Errorf("DMARC: %+v", found.DMARC)
	}
}

// TestSealed passes mail on with what was found out about it.
func TestSealed(t *testing.T) {
	t.Parallel()
	h := build(t, farZone+"near.example. TXT \"v=spf1 ip4:192.0.2.3 -all\"\n")
	h.publishKeys("home.example")
	far := startMX(t)
	h.place("192.0.2.1:25", far.addr)
	h.start()
	v := &mailauth.Verifier{Resolver: h.courier.Resolver}
	raw := []byte(strings.ReplaceAll(letter, "ann@home.example", "cem@near.example"))
	verdict := v.Check(t.Context(), mailauth.Session{Remote: netip.MustParseAddr("192.0.2.3"), Helo: "near.example", Sender: "cem@near.example"}, raw)
	e := delivery.Envelope{ID: "t", Sender: "cem@near.example", Protocol: "ESMTP", Received: time.Now(), Verdict: verdict}
	must(t, h.Accept(t.Context(), e, raw, nil, &Message{
		Sender: "cem@near.example", Recipients: []Recipient{{Address: "bob@far.example", By: "club@home.example"}},
	}))
	got := far.wait(1)[0]
	h.empty()
	found := h.check(got, "")
	if found.ARC.Result != mailauth.Pass || found.ARC.Sets != 1 || !strings.Contains(found.ARC.Results, "spf=pass") {
		t.Errorf("ARC: %+v", found.ARC)
	}
	if !strings.Contains(got.data, "\r\nAuthentication-Results: mx.home.example;\r\n\tspf=pass") {
		t.Errorf("arrived:\n%s", got.data)
	}
}
