package queue

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"crypto/tls"
)

// sends sends one letter to bob@far.example and returns what arrived, or what Ann
// or the queue says instead.
func (h *house) sends(far *mx) (arrived *arrival, reply Reply) {
	h.t.Helper()
	h.submit("bob@far.example")
	h.until("the letter is sent or was tried", func() bool {
		if len(far.got()) > 0 {
			return true
		}
		items, err := h.List(h.t.Context())
		return err == nil && len(items) == 1 && items[0].Progress[0].Attempts > 0
	})
	if got := far.got(); len(got) > 0 {
		return &got[0], Reply{}
	}
	items, err := h.List(h.t.Context())
	must(h.t, err)
	return nil, items[0].Progress[0].Reply
}

// TestOpportunistic encrypts whatever the certificate, and goes on without where
// TLS fails.
func TestOpportunistic(t *testing.T) {
	t.Parallel()
	h := build(t, farZone)
	far := startMX(t)
	far.certify(newAuthority(t), "another.example")
	h.place("192.0.2.1:25", far.addr)
	h.start()
	if got, reply := h.sends(far); got == nil || !got.tls {
		t.Errorf("%+v, %s", got, reply)
	}
}

func TestBrokenTLS(t *testing.T) {
	t.Parallel()
	h := build(t, farZone)
	far := startMX(t)
	far.tls = &tls.Config{} // has no certificate
	h.place("192.0.2.1:25", far.addr)
	h.start()
	if got, reply := h.sends(far); got == nil || got.tls {
		t.Errorf("%+v, %s", got, reply)
	}
}

// TestInjection sends a reply in the clear behind the one to STARTTLS: it counts
// for nothing.
func TestInjection(t *testing.T) {
	t.Parallel()
	h := build(t, farZone)
	far := startMX(t)
	far.certify(newAuthority(t), "mx.far.example")
	far.answer(func(line string) string {
		if line == "STARTTLS" {
			return "220 go ahead\n250-evil\n250 SIZE 1"
		}
		return ""
	})
	h.place("192.0.2.1:25", far.addr)
	h.start()
	// The injected bytes are thrown away, or TLS fails by them and is done without:
	// in no case is the message refused for its size.
	if got, reply := h.sends(far); got == nil {
		t.Errorf("what was injected counted: %s", reply)
	}
}

// TestDANE goes through what TLSA records may demand.
func TestDANE(t *testing.T) {
	t.Parallel()
	ca, other := newAuthority(t), newAuthority(t)
	sum := func(b []byte) string { s := sha256.Sum256(b); return hex.EncodeToString(s[:]) }
	for name, c := range map[string]struct {
		tlsa     func(leaf *x509.Certificate) string // "" for none
		tls      bool                                // the server has it
		names    string
		insecure bool // no DNSSEC on the way
		broken   bool // the TLSA records cannot be asked for
		takes    bool
	}{
		"right key":             {func(l *x509.Certificate) string { return "3 1 1 " + sum(l.RawSubjectPublicKeyInfo) }, true, "whatever.example", false, false, true},
		"right certificate":     {func(l *x509.Certificate) string { return "3 0 1 " + sum(l.Raw) }, true, "mx.far.example", false, false, true},
		"whole certificate":     {func(l *x509.Certificate) string { return "3 0 0 " + hex.EncodeToString(l.Raw) }, true, "mx.far.example", false, false, true},
		"wrong key":             {func(*x509.Certificate) string { return "3 1 1 " + sum([]byte("x")) }, true, "mx.far.example", false, false, false},
		"no TLS":                {func(*x509.Certificate) string { return "3 1 1 " + sum([]byte("x")) }, false, "mx.far.example", false, false, false},
		"right authority":       {func(*x509.Certificate) string { return "2 0 1 " + sum(ca.cert.Raw) }, true, "mx.far.example", false, false, true},
		"authority, domain":     {func(*x509.Certificate) string { return "2 0 1 " + sum(ca.cert.Raw) }, true, "far.example", false, false, true},
		"authority, wrong name": {func(*x509.Certificate) string { return "2 0 1 " + sum(ca.cert.Raw) }, true, "another.example", false, false, false},
		"wrong authority":       {func(*x509.Certificate) string { return "2 0 1 " + sum(other.cert.Raw) }, true, "mx.far.example", false, false, false},
		"one of two": {func(l *x509.Certificate) string {
			return "3 1 1 " + sum([]byte("x")) + "\n_25._tcp.mx.far.example. TLSA 3 1 1 " + sum(l.RawSubjectPublicKeyInfo)
		}, true, "mx.far.example", false, false, true},
		"unusable":         {func(*x509.Certificate) string { return "1 1 1 " + sum([]byte("x")) }, true, "another.example", false, false, true},
		"unusable, no TLS": {func(*x509.Certificate) string { return "1 1 1 " + sum([]byte("x")) }, false, "another.example", false, false, false},
		"no DNSSEC":        {func(*x509.Certificate) string { return "3 1 1 " + sum([]byte("x")) }, true, "another.example", true, false, true},
		"hidden":           {nil, true, "mx.far.example", false, true, false},
		"none":             {nil, false, "mx.far.example", false, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := build(t, farZone)
			far := startMX(t)
			leaf := &x509.Certificate{}
			if c.tls {
				leaf = far.certify(ca, c.names)
			}
			if c.tlsa != nil {
				h.zone.Add(t, "_25._tcp.mx.far.example. TLSA "+c.tlsa(leaf))
			}
			if !c.insecure {
				h.zone.Secure("far.example", "mx.far.example", "_25._tcp.mx.far.example")
			}
			if c.broken {
				h.zone.Fail("_25._tcp.mx.far.example")
			}
			h.place("192.0.2.1:25", far.addr)
			h.start()
			got, reply := h.sends(far)
			if (got != nil) != c.takes {
				t.Errorf("taken: %v (%s), want %v", got != nil, reply, c.takes)
			}
			if got == nil && !reply.Temporary() {
				t.Errorf("given up: %s", reply)
			}
			if got != nil && got.tls != c.tls {
				t.Errorf("TLS: %v", got.tls)
			}
		})
	}
}

const stsZone = `
_mta-sts.far.example. TXT "v=STSv1; id=1;"
mta-sts.far.example.  A   192.0.2.80
`

// publish serves an MTA-STS policy for far.example, by HTTPS in the world.
func (h *house) publish(ca *authority, policy string) (fetched *atomic.Int32) {
	h.t.Helper()
	fetched = new(atomic.Int32)
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fetched.Add(1)
		text, elsewhere := strings.CutPrefix(policy, "elsewhere ")
		switch {
		case r.Host != "mta-sts.far.example":
			http.NotFound(w, r)
			return
		case elsewhere && r.URL.Path == "/.well-known/mta-sts.txt":
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
			return
		case !elsewhere && r.URL.Path != "/.well-known/mta-sts.txt":
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprint(w, text)
	}))
	web.TLS = &tls.Config{Certificates: []tls.Certificate{ca.issue(h.t, "mta-sts.far.example")}}
	web.StartTLS()
	h.t.Cleanup(web.Close)
	h.courier.Roots = ca.pool
	h.place("192.0.2.80:443", web.Listener.Addr().String())
	return fetched
}

// TestMTASTS goes through policies and servers.
func TestMTASTS(t *testing.T) {
	t.Parallel()
	const enforce = "version: STSv1\r\nmode: enforce\r\nmx: *.far.example\r\nmax_age: 86400\r\n"
	ca := newAuthority(t)
	for name, c := range map[string]struct {
		policy string
		tls    bool
		names  string
		takes  bool
	}{
		"enforce":             {enforce, true, "mx.far.example", true},
		"enforce, no TLS":     {enforce, false, "", false},
		"enforce, wrong name": {enforce, true, "another.example", false},
		"enforce, other host": {strings.Replace(enforce, "*.far", "mx.another", 1), true, "mx.far.example", false},
		"testing, no TLS":     {strings.Replace(enforce, "enforce", "testing", 1), false, "", true},
		"testing, other host": {"version: STSv1\nmode: testing\nmx: x.example\nmax_age: 86400\n", true, "mx.far.example", true},
		"redirected":          {"elsewhere " + enforce, false, "", true},
		"none":                {"version: STSv1\nmode: none\nmax_age: 86400\n", false, "", true},
		"unreadable":          {"<html>", false, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := build(t, farZone+stsZone)
			far := startMX(t)
			if c.tls {
				far.certify(ca, c.names)
			}
			h.publish(ca, c.policy)
			h.place("192.0.2.1:25", far.addr)
			h.start()
			got, reply := h.sends(far)
			if (got != nil) != c.takes {
				t.Errorf("taken: %v (%s), want %v", got != nil, reply, c.takes)
			}
			if got == nil && (!reply.Temporary() || !strings.Contains(reply.Text, "MTA-STS")) {
				t.Errorf("%s", reply)
			}
		})
	}
}

// TestPolicyIsKept fetches a policy once, uses it when neither DNS nor web server
// have it any more, also after a restart, and fetches it anew when its id changes.
func TestPolicyIsKept(t *testing.T) {
	t.Parallel()
	h := build(t, farZone+stsZone)
	ca := newAuthority(t)
	far := startMX(t)
	far.certify(ca, "mx.far.example")
	fetched := h.publish(ca, "version: STSv1\nmode: enforce\nmx: mx.far.example\nmax_age: 86400\n")
	ctx := t.Context()
	for range 3 {
		if p, err := h.courier.sts(ctx, "far.example"); err != nil || p == nil || p.Mode != "enforce" {
			t.Fatalf("%+v, %v", p, err)
		}
	}
	if n := fetched.Load(); n != 1 {
		t.Errorf("fetched %d times", n)
	}
	h.zone.Remove("_mta-sts.far.example")
	h.place("192.0.2.80:443", "")
	if p, err := h.courier.sts(ctx, "far.example"); err != nil || p == nil || !p.allows("mx.far.example") {
		t.Errorf("withheld: %+v, %v", p, err)
	}
	h.zone.Add(t, "_mta-sts.far.example. TXT \"v=STSv1; id=2;\"")
	if p, err := h.courier.sts(ctx, "far.example"); err != nil || p == nil || p.ID != "1" {
		t.Errorf("the new one cannot be fetched: %+v, %v", p, err)
	}
	fetched = h.publish(ca, "version: STSv1\nmode: none\nmax_age: 86400\n")
	if p, err := h.courier.sts(ctx, "far.example"); err != nil || p == nil || p.Mode != "none" || fetched.Load() != 1 {
		t.Errorf("the new one: %+v, %v", p, err)
	}
}

func TestParsePolicy(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	p, err := parsePolicy([]byte("version: STSv1\r\nmode: enforce\r\nmode: none\r\nmx: Mail.example.com\r\nmx: *.example.net\r\nfuture: x\r\nmax_age: 604800\r\n"), now)
	if err != nil || p.Mode != "enforce" || p.Expires.Sub(now).Hours() != 7*24 {
		t.Fatalf("%+v, %v", p, err)
	}
	for host, want := range map[string]bool{
		"mail.example.com": true, "a.example.net": true, "example.net": false, "a.b.example.net": false, "evil-example.net": false, ".example.net": false,
	} {
		if p.allows(host) != want {
			t.Errorf("%s: %v", host, !want)
		}
	}
	for _, bad := range []string{
		"", "mode: enforce\nmx: a\nmax_age: 1", "version: STSv2\nmode: none\nmax_age: 1", "version: STSv1\nmode: enforce\nmax_age: 1",
		"version: STSv1\nmode: maybe\nmx: a\nmax_age: 1", "version: STSv1\nmode: none\nmax_age: -1", "version: STSv1\nmode: none\nmax_age: 99999999999",
		"version: STSv1\nmode: testing\nmax_age: 1\n" + strings.Repeat("mx: a\n", 101), strings.Repeat("x", maxSTS+1),
	} {
		if p, err := parsePolicy([]byte(bad), now); err == nil {
			t.Errorf("%.60q was taken: %+v", bad, p)
		}
	}
}

func TestSTSID(t *testing.T) {
	t.Parallel()
	for want, texts := range map[string][]string{
		"20160831": {"v=spf1 -all", "v=STSv1; id=20160831;"},
		"":         {"v=STSv1; id=1;", "v=STSv1; id=2;"},
		"3":        {"v=STSv1;id=3"},
	} {
		if got := stsID(texts); got != want {
			t.Errorf("%q: %q", texts, got)
		}
	}
}

// TestRequireTLS sends only to a server that promises it and is known for certain.
func TestRequireTLS(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	for name, c := range map[string]struct {
		extension, tls, secure bool
		names                  string
		takes                  bool
	}{
		"all is well":  {true, true, true, "mx.far.example", true},
		"not promised": {false, true, true, "mx.far.example", false},
		"no TLS":       {true, false, true, "", false},
		"wrong name":   {true, true, true, "another.example", false},
		"no DNSSEC":    {true, true, false, "mx.far.example", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := build(t, farZone)
			h.courier.Roots = ca.pool
			far := startMX(t)
			if c.extension {
				far.extensions = append(far.extensions, "REQUIRETLS")
			}
			if c.tls {
				far.certify(ca, c.names)
			}
			if c.secure {
				h.zone.Secure("far.example", "mx.far.example")
			}
			h.place("192.0.2.1:25", far.addr)
			h.start()
			h.post(&Message{Account: h.ann.ID, Sender: "ann@home.example", RequireTLS: true, Recipients: people("bob@far.example")}, letter)
			h.empty()
			got, told := far.got(), h.inbox()
			if c.takes != (len(got) == 1) || c.takes == (len(told) == 1) {
				t.Fatalf("arrived: %+v; told: %q", got, told)
			}
			if c.takes && !strings.Contains(got[0].mail, " REQUIRETLS") {
				t.Errorf("%q", got[0].mail)
			}
			if !c.takes && !strings.Contains(told[0], "Status: 5.7.30") {
				t.Errorf("told:\n%s", told[0])
			}
		})
	}
}
