package mailauth

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"
)

// The keys behind the examples of the RFCs.
const exampleKeys = `
brisbane._domainkey.example.com. TXT "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQ" "KBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYt" "IxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v" "/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhi" "tdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB"
brisbane._domainkey.football.example.com. TXT "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
test._domainkey.football.example.com. TXT "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWR" "iGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC" "DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3" "Ip3G+2kryOTIKT+l/K4w3QIDAQAB"
dummy._domainkey.example.org. TXT "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3id" "Y6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lx" "j+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"
`

// TestExamples checks the signed messages of RFC 6376 appendix A and RFC 8463
// appendix A. The first is signed with simple canonicalization, so it stands here
// as it was signed: the text of the RFC shows its folds and the space after "game."
// otherwise.
func TestExamples(t *testing.T) {
	t.Parallel()
	v, _ := verifier(t, exampleKeys)
	for name, want := range map[string]string{
		"rfc6376.eml": "example.com/brisbane=pass",
		"rfc8463.eml": "football.example.com/brisbane=pass football.example.com/test=pass",
	} {
		if got := results(check(t, v, example(t, name)).DKIM); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
		changed := bytes.Replace(example(t, name), []byte("hungry"), []byte("thirsty"), 1)
		if got := results(check(t, v, changed).DKIM); got != strings.ReplaceAll(want, "pass", "fail") {
			t.Errorf("%s with another body: %s", name, got)
		}
		changed = bytes.Replace(example(t, name), []byte("dinner"), []byte("lunch"), 1)
		if got := results(check(t, v, changed).DKIM); got != strings.ReplaceAll(want, "pass", "fail") {
			t.Errorf("%s with another subject: %s", name, got)
		}
	}
}

// TestSigned checks what is signed here, by ourselves and by go-msgauth.
func TestSigned(t *testing.T) {
	t.Parallel()
	keys, records := keysOf(t, "home.example")
	v, _ := verifier(t, records)
	long := append(bytes.Clone(letter), strings.Repeat("and so on  \t and on\r\n", 5000)...)
	for name, raw := range map[string][]byte{
		"letter": letter, "long": long, "empty body": text("From: ann@home.example", ""),
		"blank lines": text("From: ann@home.example", "", "", "", ""), "no body": []byte("From: ann@home.example\r\n\r\n"),
		"no line end": []byte("From: ann@home.example\r\n\r\nlast"), "folded": text("From: Ann\r\n\t<ann@home.example>", "Subject:  a \r\n  b", "", "x"),
	} {
		fields, err := Sign(raw, keys, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(fields)) {
			if len(line) > 80 {
				t.Errorf("%s: a line of %d bytes: %q", name, len(line), line)
			}
		}
		signed := append(fields, raw...)
		if got := results(check(t, v, signed).DKIM); got != "home.example/r1=pass home.example/e1=pass" {
			t.Errorf("%s: we say %s", name, got)
		}
		theirs, err := dkim.VerifyWithOptions(bytes.NewReader(signed), &dkim.VerifyOptions{
			LookupTXT: func(name string) ([]string, error) { return v.Resolver.LookupTXT(t.Context(), name) },
		})
		if err != nil || len(theirs) != 2 || theirs[0].Err != nil || theirs[1].Err != nil {
			t.Errorf("%s: go-msgauth says %v, %v", name, err, theirs)
		}
	}
}

// TestPeer checks what go-msgauth signs, in every canonicalization.
func TestPeer(t *testing.T) {
	t.Parallel()
	keys, records := keysOf(t, "home.example")
	v, _ := verifier(t, records)
	for _, key := range keys {
		for _, header := range []dkim.Canonicalization{dkim.CanonicalizationSimple, dkim.CanonicalizationRelaxed} {
			for _, body := range []dkim.Canonicalization{dkim.CanonicalizationSimple, dkim.CanonicalizationRelaxed} {
				var signed bytes.Buffer
				err := dkim.Sign(&signed, bytes.NewReader(letter), &dkim.SignOptions{
					Domain: key.Domain, Selector: key.Selector, Signer: key.Private,
					HeaderCanonicalization: header, BodyCanonicalization: body,
				})
				if err != nil {
					t.Fatal(err)
				}
				if got := check(t, v, signed.Bytes()).DKIM; len(got) != 1 || got[0].Result != Pass {
					t.Errorf("%s, %s/%s: %+v", key.Selector, header, body, got)
				}
			}
		}
	}
}

// TestOversigned adds a second From above and below: the signature falls.
func TestOversigned(t *testing.T) {
	t.Parallel()
	keys, records := keysOf(t, "home.example")
	v, _ := verifier(t, records)
	fields, err := Sign(letter, keys, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"From", "Subject", "To", "Reply-To", "Content-Type"} {
		signed := append([]byte(name+": forged\r\n"), append(bytes.Clone(fields), letter...)...)
		if got := results(check(t, v, signed).DKIM); got != "home.example/r1=fail home.example/e1=fail" {
			t.Errorf("a second %s: %s", name, got)
		}
	}
}

// TestRefused goes through signatures and keys that may not count.
func TestRefused(t *testing.T) {
	t.Parallel()
	keys, records := keysOf(t, "home.example")
	records += strings.NewReplacer("r1._domain", "mail._domain", "e1._domain", "test._domain").Replace(records)
	v, z := verifier(t, records)
	v.Now = func() time.Time { return time.Unix(1_800_000_000, 0) }
	key := keys[1]
	sign := func(tags string) []byte {
		s := &signature{header: relaxed, body: relaxed, signed: []string{"from"}}
		field, err := s.sign(split(letter), "DKIM-Signature: "+tags, key)
		if err != nil {
			t.Fatal(err)
		}
		return append(field, letter...)
	}
	const good = "v=1; a=ed25519-sha256; c=relaxed/relaxed; d=home.example; s=e1;"
	replace := func(old, new string) []byte { return sign(strings.Replace(good, old, new, 1)) }
	z.Add(t, `
gone._domainkey.home.example. TXT "v=DKIM1; p="
two._domainkey.home.example. TXT "v=DKIM1; p=abcd"
two._domainkey.home.example. TXT "v=DKIM1; p=efgh"
sha1._domainkey.home.example. TXT "v=DKIM1; h=sha1; k=ed25519; p=O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik="
web._domainkey.home.example. TXT "v=DKIM1; s=web; k=ed25519; p=O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik="
strict._domainkey.home.example. TXT "v=DKIM1; t=s; k=ed25519; p=O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik="
trial._domainkey.home.example. TXT "v=DKIM1; t=y; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
`)
	z.Fail("later._domainkey.home.example")
	for name, c := range map[string]struct {
		raw  []byte
		want Result
		why  string
	}{
		"good":               {sign(good), Pass, ""},
		"good until later":   {sign(good + " x=1800000001;"), Pass, ""},
		"expired":            {sign(good + " x=1799999999;"), PermError, "expired"},
		"no time":            {sign(good + " t=yesterday;"), PermError, "no time"},
		"part of the body":   {sign(good + " l=3;"), PermError, "only a part"},
		"version":            {replace("v=1", "v=2"), PermError, "version"},
		"rsa-sha1":           {replace("ed25519-sha256", "rsa-sha1"), PermError, "algorithm"},
		"other kind of key":  {replace("ed25519-sha256", "rsa-sha256"), Fail, "does not verify"},
		"canonicalization":   {replace("relaxed/relaxed", "nofws"), PermError, "canonicalization"},
		"i= of a stranger":   {sign(good + " i=x@office.example;"), PermError, "another domain"},
		"i= of a look-alike": {sign(good + " i=x@evilhome.example;"), PermError, "another domain"},
		"i= below":           {sign(good + " i=x@sub.home.example;"), Pass, ""},
		"i= below, strict":   {sign(strings.Replace(good, "s=e1", "s=strict", 1) + " i=x@sub.home.example;"), PermError, "subdomains"},
		"no key":             {replace("s=e1", "s=nothing"), PermError, "no key"},
		"no selector":        {replace("s=e1", "s="), PermError, "names no key"},
		"key revoked":        {replace("s=e1", "s=gone"), PermError, "revoked"},
		"two keys":           {replace("s=e1", "s=two"), PermError, "several"},
		"key for sha1":       {replace("s=e1", "s=sha1"), PermError, "other hashes"},
		"key for the web":    {replace("s=e1", "s=web"), PermError, "not for mail"},
		"testing":            {replace("s=e1", "s=trial"), Neutral, "testing"},
		"DNS is down":        {replace("s=e1", "s=later"), TempError, "now"},
		"two tags":           {sign(good + " d=home.example;"), PermError, "two tags"},
		"garbage":            {append([]byte("DKIM-Signature: \x00;;=\r\n"), letter...), PermError, "malformed"},
	} {
		got := check(t, v, c.raw).DKIM
		if len(got) != 1 || got[0].Result != c.want || !strings.Contains(got[0].Reason, c.why) {
			t.Errorf("%s: %+v, want %s (%s)", name, got, c.want, c.why)
		}
	}
	s := &signature{header: relaxed, body: relaxed, signed: []string{"subject"}}
	field, err := s.sign(split(letter), "DKIM-Signature: "+good, key)
	if err != nil {
		t.Fatal(err)
	}
	if got := check(t, v, append(field, letter...)).DKIM[0]; got.Result != PermError || !strings.Contains(got.Reason, "From") {
		t.Errorf("From unsigned: %+v", got)
	}
}

// TestLimits: only the first signatures are checked, and no header that is
// beyond all measure.
func TestLimits(t *testing.T) {
	t.Parallel()
	keys, records := keysOf(t, "home.example")
	v, z := verifier(t, records)
	field, err := Sign(letter, keys[1:], time.Now())
	if err != nil {
		t.Fatal(err)
	}
	many := append(bytes.Repeat(field, 100), letter...)
	if got := check(t, v, many).DKIM; len(got) != maxSignatures {
		t.Errorf("%d signatures were checked", len(got))
	}
	if n := z.Asked("e1._domainkey.home.example", "TXT"); n != maxSignatures {
		t.Errorf("the key was asked for %d times", n)
	}
	huge := append(bytes.Repeat([]byte("X: y\r\n"), maxFields), append(field, letter...)...)
	if got := check(t, v, huge).DKIM; len(got) != 1 || got[0].Result != PermError {
		t.Errorf("too many fields: %+v", got)
	}
	names := fmt.Sprintf("DKIM-Signature: v=1; a=ed25519-sha256; d=home.example; s=e1; h=%s; bh=aaaa; b=aaaa\r\n", strings.Repeat("from:", maxSigned))
	if got := check(t, v, append([]byte(names), letter...)).DKIM[0]; !strings.Contains(got.Reason, "too many") {
		t.Errorf("a long h=: %+v", got)
	}
}
