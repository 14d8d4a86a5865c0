package queue

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"letterbox/database"
	"letterbox/feedback"
	"letterbox/mailauth"
	"letterbox/report"
)

// observed is what was counted of encryption: "POLICY RESULT".
func (h *house) observed() (list []string) {
	h.t.Helper()
	must(h.t, h.courier.Feedback.Flush(context.Background()))
	must(h.t, h.DB.Read(context.Background(), func(c *database.Conn) error {
		rows, err := c.Query(`SELECT policy, what FROM observation WHERE kind = 'tls' AND domain = 'far.example' ORDER BY policy, what`)
		if err != nil {
			return err
		}
		for rows.Next() {
			var policy, what string
			if err := rows.Scan(&policy, &what); err != nil {
				return err
			}
			var p report.TLSPolicy
			failure := report.Failure{Result: "good"}
			must(h.t, json.Unmarshal([]byte(policy), &p))
			if what != "" {
				must(h.t, json.Unmarshal([]byte(what), &failure))
			}
			list = append(list, p.Type+" "+failure.Result)
		}
		return rows.Err()
	}))
	return list
}

// watchTLS lets the courier tell how encryption went.
func (h *house) watchTLS() {
	h.courier.Feedback = feedback.New(feedback.Options{DB: h.DB, Directory: h.users, Send: true})
}

// TestObserve goes through how encryption may go.
func TestObserve(t *testing.T) {
	t.Parallel()
	const enforce = "version: STSv1\nmode: enforce\nmx: *.far.example\nmax_age: 86400\n"
	tried := strings.Replace(enforce, "enforce", "testing", 1)
	ca := newAuthority(t)
	for name, c := range map[string]struct {
		policy string // MTA-STS, "" for none
		tlsa   string // "" for none
		names  string // of the certificate, "" without TLS
		want   string
	}{
		"no policy":              {"", "", "any.example", "no-policy-found good"},
		"no policy, no TLS":      {"", "", "", "no-policy-found starttls-not-supported"},
		"enforced":               {enforce, "", "mx.far.example", "sts good"},
		"enforced, no TLS":       {enforce, "", "", "sts starttls-not-supported"},
		"enforced, another name": {enforce, "", "any.example", "sts certificate-host-mismatch"},
		"enforced, another host": {strings.Replace(enforce, "*.far", "mx.another", 1), "", "mx.far.example", "sts validation-failure, sts validation-failure"},
		"tried":                  {tried, "", "mx.far.example", "sts good"},
		"tried, another name":    {tried, "", "any.example", "sts certificate-host-mismatch"},
		"tried, another host":    {strings.Replace(tried, "*.far", "mx.another", 1), "", "mx.far.example", "sts validation-failure"},
		"unreadable":             {"<html>", "", "any.example", "no-policy-found good, sts sts-policy-invalid"},
		"elsewhere":              {"elsewhere " + enforce, "", "any.example", "no-policy-found good, sts sts-policy-fetch-error"},
		"DANE, wrong":            {"", "3 1 1 " + strings.Repeat("00", 32), "mx.far.example", "tlsa validation-failure"},
		"DANE, no TLS":           {"", "3 1 1 " + strings.Repeat("00", 32), "", "tlsa starttls-not-supported"},
		"DANE":                   {"", "right", "any.example", "tlsa good"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			records := farZone
			if c.policy != "" {
				records += stsZone
			}
			h := build(t, records)
			h.watchTLS()
			far := startMX(t)
			if c.policy != "" {
				h.publish(ca, c.policy)
			}
			tlsa := c.tlsa
			if c.names != "" {
				if leaf := far.certify(ca, c.names); tlsa == "right" {
					sum := sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
					tlsa = "3 1 1 " + hex.EncodeToString(sum[:])
				}
			}
			if tlsa != "" {
				h.zone.Add(t, "_25._tcp.mx.far.example. TLSA "+tlsa)
				h.zone.Secure("far.example", "mx.far.example", "_25._tcp.mx.far.example")
			}
			h.place("192.0.2.1:25", far.addr)
			h.start()
			h.sends(far)
			if got := strings.Join(h.observed(), ", "); got != c.want {
				t.Errorf("counted %q, want %q", got, c.want)
			}
		})
	}
}

// dailyReport is what the appliance itself writes.
const dailyReport = "From: <letterbox-reports@home.example>\r\nTo: bob@far.example\r\nSubject: Report\r\nDate: Tue, 24 Nov 2026 12:00:00 +0000\r\nMessage-ID: <r1@home.example>\r\n\r\nx\r\n"

// TestPost sends what the appliance writes: signed, once, in one transaction with what
// it is about, and where it may be lax, whatever becomes of encryption, which is then
// not reported.
func TestPost(t *testing.T) {
	t.Parallel()
	h := build(t, farZone+stsZone)
	h.watchTLS()
	h.publishKeys("home.example")
	far := startMX(t)
	ca := newAuthority(t)
	far.certify(ca, "another.example")
	h.publish(ca, "version: STSv1\nmode: enforce\nmx: mx.far.example\nmax_age: 86400\n")
	h.place("192.0.2.1:25", far.addr)
	h.start()
	m := &Message{Sender: "letterbox-reports@home.example", LaxTLS: true, Recipients: people("bob@far.example", "ann@home.example", "nobody@home.example")}
	if err := h.Post(t.Context(), m, []byte(dailyReport), func(*database.Tx) error { return context.DeadlineExceeded }); err == nil {
		t.Fatal("posted, though what belongs to it failed")
	}
	must(t, h.Post(t.Context(), m, []byte(dailyReport), func(tx *database.Tx) error { return nil }))
	h.until("the report arrives", func() bool { return len(far.got()) > 0 })
	h.empty()
	if got := far.got(); len(got) != 1 || !got[0].tls {
		t.Fatalf("%d arrived", len(got))
	}
	v := h.check(far.got()[0], m.Sender)
	if len(v.DKIM) != 2 || v.DKIM[0].Result != mailauth.Pass || !v.DMARC.DKIMAligned {
		t.Errorf("signatures: %+v", v.DKIM)
	}
	if len(h.inbox()) != 1 {
		t.Errorf("Ann has %d", len(h.inbox()))
	}
	if got := h.observed(); len(got) != 0 {
		t.Errorf("counted: %q", got)
	}
	// A letter of Ann's must not leave by the connection of which nothing was demanded.
	h.submit("bob@far.example")
	h.until("the letter was tried", func() bool {
		items, err := h.List(t.Context())
		return err == nil && len(items) == 1 && items[0].Progress[0].Attempts > 0
	})
	if len(far.got()) != 1 {
		t.Error("a letter left in spite of the policy")
	}
}
