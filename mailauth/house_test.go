package mailauth

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"letterbox/internal/zone"
	"letterbox/resolver"
)

// verifier returns one that asks a zone with the records.
func verifier(t testing.TB, records string) (*Verifier, *zone.Zone) {
	t.Helper()
	z := zone.Serve(t, records)
	return &Verifier{Resolver: &resolver.Resolver{Servers: []string{z.Addr}}}, z
}

// example reads a message of testdata, with CRLF.
func example(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return []byte(strings.ReplaceAll(string(text), "\n", "\r\n"))
}

// text writes lines as a message.
func text(lines ...string) []byte {
	return []byte(strings.Join(lines, "\r\n") + "\r\n")
}

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

var edKey = ed25519.NewKeyFromSeed(make([]byte, 32))

// keysOf are two keys of a domain, with the records that publish them.
func keysOf(t testing.TB, domain string) (keys []Key, records string) {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(rsaKey().Public())
	if err != nil {
		t.Fatal(err)
	}
	keys = []Key{{domain, "r1", rsaKey()}, {domain, "e1", edKey}}
	p := base64.StdEncoding.EncodeToString(der)
	e := base64.StdEncoding.EncodeToString(edKey.Public().(ed25519.PublicKey))
	return keys, fmt.Sprintf("r1._domainkey.%s. TXT \"v=DKIM1; k=rsa; p=%s\" \"%s\"\ne1._domainkey.%s. TXT \"v=DKIM1; k=ed25519; p=%s\"\n",
		domain, p[:200], p[200:], domain, e)
}

// letter is a message from ann@home.example.
var letter = text(
	"From: Ann <ann@home.example>",
	"To: bob@office.example",
	"Subject: Lunch?",
	"Date: Tue, 24 Nov 2026 12:00:00 +0000",
	"Message-ID: <1@home.example>",
	"MIME-Version: 1.0",
	"",
	"Hello  Bob,",
	"\tat noon?   ",
	"",
	"",
)

func check(t testing.TB, v *Verifier, raw []byte) *Verdict {
	t.Helper()
	return v.Check(t.Context(), Session{Remote: netip.MustParseAddr("192.0.2.1"), Helo: "mx.home.example", Sender: "ann@home.example"}, raw)
}

// results returns what each signature was found to be.
func results(list []DKIM) string {
	var words []string
	for _, d := range list {
		words = append(words, fmt.Sprintf("%s/%s=%s", d.Domain, d.Selector, d.Result))
	}
	return strings.Join(words, " ")
}

// TestDeadline asks a name server that says nothing: everything is a temporary
// error once the time is over.
func TestDeadline(t *testing.T) {
	t.Parallel()
	keys, _ := keysOf(t, "home.example")
	v, z := verifier(t, "")
	z.Mute("home.example", "r1._domainkey.home.example", "e1._domainkey.home.example", "_dmarc.home.example")
	v.Timeout = 50 * time.Millisecond
	signed, err := Sign(letter, keys, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	found := check(t, v, append(signed, letter...))
	if found.SPF.Result != TempError || found.DMARC.Result != TempError || found.DMARC.Disposition != "none" {
		t.Errorf("SPF %s, DMARC %s (%s)", found.SPF.Result, found.DMARC.Result, found.DMARC.Disposition)
	}
	if got := results(found.DKIM); got != "home.example/r1=temperror home.example/e1=temperror" {
		t.Errorf("DKIM: %s", got)
	}
}

// TestCancelled ends at once when the caller gives up.
func TestCancelled(t *testing.T) {
	t.Parallel()
	v, _ := verifier(t, "")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if found := v.Check(ctx, Session{Remote: netip.MustParseAddr("192.0.2.1"), Sender: "ann@home.example"}, letter); found.SPF.Result != TempError {
		t.Errorf("SPF: %s", found.SPF.Result)
	}
}
