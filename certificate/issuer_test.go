package certificate

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"letterbox/internal/zone"
)

// TestIssue obtains certificates for two names while a client is connected: who
// comes later sees them, and the connection goes on.
func TestIssue(t *testing.T) {
	t.Parallel()
	p := newPebble(t)
	p.point(t, "mail.harbour.net", "127.0.0.1")
	p.point(t, "mta-sts.harbour.net", "127.0.0.1")
	dir := t.TempDir()
	k := p.open(t, dir, newClock(), nil)
	k.Serve([]string{"MTA-STS.harbour.net"})
	p.servePort80(t, k)
	p.servePort443(t, k)

	early, err := tls.Dial("tcp", p.https.Addr().String(), &tls.Config{InsecureSkipVerify: true}) // what it shows at first, nobody trusts
	if err != nil {
		t.Fatal(err)
	}
	defer early.Close()
	if got := k.Status()[0]; got.Kind != "own" || got.Reason == "" {
		t.Errorf("before it is issued: %+v", got)
	}

	k.round(t.Context())
	for _, name := range []string{"mail.harbour.net", "mta-sts.harbour.net"} {
		conn, err := p.dial(t, name)
		if err != nil {
			t.Errorf("%s: %v; %+v", name, err, k.Status())
			continue
		}
		conn.Close()
	}
	if _, err := early.Write([]byte("still here")); err != nil {
		t.Errorf("a connection from before: %v", err)
	}
	if n, err := early.Read(make([]byte, 10)); err != nil || n == 0 {
		t.Errorf("a connection from before: %v", err)
	}
	filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() && info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v", path, info.Mode())
		}
		return nil
	})

	asked := p.orders.Load()
	again := p.open(t, dir, newClock(), nil)
	again.Serve([]string{"mta-sts.harbour.net"})
	again.round(t.Context())
	if p.orders.Load() != asked || again.Fingerprint() != k.Fingerprint() {
		t.Error("a restart asked for what was there")
	}
}

// TestIssueByHandshake has port 80 closed.
func TestIssueByHandshake(t *testing.T) {
	t.Parallel()
	p := newPebble(t)
	p.point(t, "mail.harbour.net", "127.0.0.1")
	p.http.Close()
	k := p.open(t, t.TempDir(), newClock(), nil)
	p.servePort443(t, k)
	k.round(t.Context())
	conn, err := p.dial(t, "mail.harbour.net")
	if err != nil {
		t.Fatalf("%v; %+v", err, k.Status())
	}
	conn.Close()
}

// TestIssueByDNS has both ports closed.
func TestIssueByDNS(t *testing.T) {
	t.Parallel()
	for name, publisher := range map[string]func(*testing.T, *pebble) Publisher{
		"update": func(_ *testing.T, p *pebble) Publisher {
			return &Update{Server: p.zone.Addr, Zone: "harbour.net", KeyName: zone.UpdateKey, KeySecret: zone.UpdateSecret}
		},
		"command": commandPublisher,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPebble(t)
			p.http.Close()
			k := p.open(t, t.TempDir(), newClock(), func(a *Authority) { a.DNS = publisher(t, p) })
			k.round(t.Context())
			if got := k.Status()[0]; got.Kind != "issued" {
				t.Errorf("%+v", got)
			}
			if n := p.zone.Records("_acme-challenge.mail.harbour.net"); n != 0 {
				t.Errorf("%d records are left in the zone", n)
			}
		})
	}
}

// commandPublisher is a script that hands the record to the zone by HTTP, as
// scripts do with providers.
func commandPublisher(t *testing.T, p *pebble) Publisher {
	ln := listen(t)
	go http.Serve(ln, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if q.Get("act") == "add" {
			p.zone.Add(t, fmt.Sprintf("%s. TXT %q", q.Get("name"), q.Get("text")))
		} else {
			p.zone.Remove(q.Get("name"))
		}
	}))
	script := filepath.Join(t.TempDir(), "publish")
	text := fmt.Sprintf("#!/bin/sh\nexec curl -fsS -G --noproxy '*' -d act=$1 -d name=$2 -d text=$3 http://%s/\n", ln.Addr())
	if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return Command(script)
}

func TestUpdateWithAWrongKeyIsRefused(t *testing.T) {
	t.Parallel()
	z := zone.Serve(t, "")
	u := &Update{Server: z.Addr, Zone: "harbour.net", KeyName: zone.UpdateKey, KeySecret: "d3Jvbmc="}
	const name = "_acme-challenge.harbour.net"
	if err := u.Add(t.Context(), name, "x"); err == nil || z.Records(name) != 0 {
		t.Errorf("%v, %d records", err, z.Records(name))
	}
}

// TestRenew moves the clock through the months of a certificate.
func TestRenew(t *testing.T) {
	t.Parallel()
	p := newPebble(t)
	p.point(t, "mail.harbour.net", "127.0.0.1")
	c := newClock()
	k := p.open(t, t.TempDir(), c, nil)
	p.servePort80(t, k)
	next := k.round(t.Context())
	first := k.held["mail.harbour.net"]
	if first == nil {
		t.Fatalf("%+v", k.Status())
	}
	days := 0
	for !next.After(renewAt(first.Leaf, "mail.harbour.net")) && days < 100 {
		c.set(next)
		if next = k.round(t.Context()); k.held["mail.harbour.net"] != first {
			break
		}
		days++
	}
	second := k.held["mail.harbour.net"]
	if second == first || second.Leaf.SerialNumber.Cmp(first.Leaf.SerialNumber) == 0 {
		t.Fatal("not renewed")
	}
	left := first.Leaf.NotAfter.Sub(c.Now())
	if left < life/4 || left > life/2 {
		t.Errorf("renewed %v before the end", left)
	}
	if keyText(t, first) != keyText(t, second) {
		t.Error("renewing changed the key, which DANE publishes")
	}
}

// TestClockIsWrong has a machine whose clock is months ahead of the authority's:
// what is issued is due at once, and nobody asks in a loop.
func TestClockIsWrong(t *testing.T) {
	t.Parallel()
	p := newPebble(t)
	p.point(t, "mail.harbour.net", "127.0.0.1")
	c := newClock()
	c.set(c.Now().Add(life - time.Hour))
	k := p.open(t, t.TempDir(), c, nil)
	p.servePort80(t, k)
	next := k.round(t.Context())
	if got := k.Status()[0]; got.Kind != "issued" || !strings.Contains(got.Reason, "Check the clock") || !next.After(c.Now()) {
		t.Errorf("%+v, next at %v", got, next)
	}
}

func keyText(t *testing.T, cert *tls.Certificate) string {
	t.Helper()
	text, err := tlsa(cert.Leaf.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestAuthorityIsDownForWeeks counts how often it is asked meanwhile.
func TestAuthorityIsDownForWeeks(t *testing.T) {
	t.Parallel()
	p := newPebble(t)
	p.point(t, "mail.harbour.net", "127.0.0.1")
	c := newClock()
	dir := t.TempDir()
	k := p.open(t, dir, c, nil)
	p.servePort80(t, k)
	p.down.Store(true)
	rounds := 0
	for end := c.Now().Add(3 * 7 * 24 * time.Hour); c.Now().Before(end); rounds++ {
		c.set(k.round(t.Context()))
	}
	if rounds < 40 || rounds > 70 {
		t.Errorf("tried %d times in three weeks, want about twice a day", rounds)
	}
	got := k.Status()[0]
	if got.Kind != "own" || !strings.Contains(got.Reason, "cannot be reached") || got.NextTry.Before(c.Now()) {
		t.Errorf("%+v", got)
	}
	p.down.Store(false)
	k = p.open(t, dir, c, nil)
	if at := k.dueAt("mail.harbour.net"); !at.Equal(got.NextTry) {
		t.Errorf("a restart forgot when to try again: %v, want %v", at, got.NextTry)
	}
	p.http.Close()
	p.servePort443(t, k)
	k.Retry()
	if at := p.open(t, dir, c, nil).dueAt("mail.harbour.net"); at.After(c.Now()) {
		t.Errorf("asked to try at once, a restart waits until %v", at)
	}
	k.round(t.Context())
	if got := k.Status()[0]; got.Kind != "issued" || got.Failures != 0 || got.Reason != "" {
		t.Errorf("after it came back: %+v", got)
	}
}

// TestNameLeadsElsewhere asks nobody while the DNS is wrong.
func TestNameLeadsElsewhere(t *testing.T) {
	t.Parallel()
	p := newPebble(t)
	c := newClock()
	k := p.open(t, t.TempDir(), c, nil)
	k.issuer.authority.Reach = k.CheckReach(p.resolver(), p.toPort80())
	p.servePort80(t, k)

	next := k.round(t.Context())
	if got := k.Status()[0]; !strings.Contains(got.Reason, "no address") {
		t.Errorf("without a record: %+v", got)
	}
	if wait := next.Sub(c.Now()); wait > 2*time.Minute {
		t.Errorf("somebody may be at it; the next try is in %v", wait)
	}

	other, err := net.Listen("tcp", fmt.Sprintf("127.0.0.2:%d", port(p.http)))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	go http.Serve(other, http.NotFoundHandler())
	p.point(t, "mail.harbour.net", "127.0.0.2")
	c.set(next)
	next = k.round(t.Context())
	if got := k.Status()[0]; !strings.Contains(got.Reason, "another machine answers") {
		t.Errorf("with a wrong record: %+v", got)
	}
	if p.orders.Load() != 0 {
		t.Error("the authority was asked")
	}

	p.point(t, "mail.harbour.net", "127.0.0.1")
	c.set(next)
	k.round(t.Context())
	if got := k.Status()[0]; got.Kind != "issued" || got.Reason != "" {
		t.Errorf("with the right record: %+v", got)
	}
}

// TestRotate replaces the key and takes the old certificate back; what DANE
// publishes overlaps.
func TestRotate(t *testing.T) {
	t.Parallel()
	p := newPebble(t)
	p.point(t, "mail.harbour.net", "127.0.0.1")
	dir := t.TempDir()
	k := p.open(t, dir, newClock(), nil)
	p.servePort80(t, k)
	k.round(t.Context())
	before, err := k.TLSA()
	if err != nil || len(before) != 2 || before[0] == before[1] {
		t.Fatalf("%q, %v", before, err)
	}
	old := k.held["mail.harbour.net"]
	if err := k.Rotate(t.Context(), "mail.harbour.net", true); err != nil {
		t.Fatal(err)
	}
	after, err := k.TLSA()
	if err != nil || len(after) != 2 || after[0] != before[1] || after[1] == before[0] || after[1] == after[0] {
		t.Errorf("records %q, then %q, %v", before, after, err)
	}
	if p.db.GetRevokedCertificateBySerial(old.Leaf.SerialNumber) == nil {
		t.Error("the old certificate is not revoked")
	}
	if again := p.open(t, dir, newClock(), nil); again.Fingerprint() != k.Fingerprint() {
		t.Error("a restart shows another certificate")
	}
}

// TestCrashBetweenKeyAndCertificate is a rotation that ended in the middle.
func TestCrashBetweenKeyAndCertificate(t *testing.T) {
	t.Parallel()
	p := newPebble(t)
	p.point(t, "mail.harbour.net", "127.0.0.1")
	dir := t.TempDir()
	k := p.open(t, dir, newClock(), nil)
	p.servePort80(t, k)
	k.round(t.Context())
	if _, err := k.TLSA(); err != nil { // makes the next key
		t.Fatal(err)
	}
	if err := os.Rename(k.issuedPath("mail.harbour.net", nextKey), k.issuedPath("mail.harbour.net", ".key")); err != nil {
		t.Fatal(err)
	}
	again := p.open(t, dir, newClock(), nil)
	again.issuer.answers = k.issuer.answers // port 80 is the same
	again.round(t.Context())
	if got := again.Status()[0]; got.Kind != "issued" {
		t.Errorf("%+v", got)
	}
}

func TestFilesAreReadAgain(t *testing.T) {
	t.Parallel()
	from, dir := t.TempDir(), t.TempDir()
	for _, name := range []string{"first", "second"} {
		openAt(t, Options{Dir: mkdir(t, from, name), Hostname: "mail.harbour.net"})
	}
	cert, key := filepath.Join(dir, "c.pem"), filepath.Join(dir, "k.pem")
	use := func(name string, at time.Time) {
		for file, kind := range map[string]string{cert: "certificate.pem", key: "key.pem"} {
			text, err := os.ReadFile(filepath.Join(from, name, kind))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, text, 0o600); err != nil {
				t.Fatal(err)
			}
			os.Chtimes(file, at, at)
		}
	}
	use("first", time.Now().Add(-time.Hour))
	k := openAt(t, Options{Dir: mkdir(t, dir, "tls"), Hostname: "mail.harbour.net", Certificate: cert, Key: key})
	first := k.Fingerprint()
	if got := k.Status()[0]; got.Kind != "file" {
		t.Errorf("%+v", got)
	}
	os.WriteFile(key, []byte("half a key"), 0o600)
	if k.round(t.Context()); k.Fingerprint() != first {
		t.Error("a file that is being written was taken")
	}
	use("second", time.Now())
	if k.round(t.Context()); k.Fingerprint() == first {
		t.Error("the new file was not read")
	}
}

func mkdir(t *testing.T, parts ...string) string {
	t.Helper()
	dir := filepath.Join(parts...)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}
