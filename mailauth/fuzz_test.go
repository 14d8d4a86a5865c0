package mailauth

import (
	"bytes"
	"context"
	"testing"
	"time"

	"letterbox/resolver"
)

// FuzzCheck judges anything at all: it must not fail, and what it says must stay
// one field. There is no name server, so that keys come from nowhere.
func FuzzCheck(f *testing.F) {
	for _, name := range []string{"rfc6376.eml", "rfc8463.eml", "arc-chain.eml"} {
		f.Add(example(f, name))
	}
	f.Add(letter)
	v := &Verifier{Resolver: &resolver.Resolver{}, Timeout: time.Second}
	f.Fuzz(func(t *testing.T, raw []byte) {
		found := v.Check(context.Background(), Session{Helo: "x", Sender: string(raw[:min(20, len(raw))])}, raw)
		m := split(append(found.Field("mx.example"), "\r\n"...))
		if len(m.fields) != 1 || m.fields[0].name != "authentication-results" {
			t.Errorf("not one field: %q", found.Field("mx.example"))
		}
	})
}

// FuzzWithoutForged takes nothing away but whole fields, and leaves none that is
// ours.
func FuzzWithoutForged(f *testing.F) {
	f.Add([]byte("Authentication-Results: (x) \"mx.example\"; none\r\nFrom: a\r\n\r\nx"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		once := bytes.Join(WithoutForged(raw, "mx.example"), nil)
		twice := bytes.Join(WithoutForged(once, "mx.example"), nil)
		if !bytes.Equal(once, twice) {
			t.Errorf("%q left %q, and that %q", raw, once, twice)
		}
	})
}

// FuzzKey reads key records, which strangers publish.
func FuzzKey(f *testing.F) {
	f.Add("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
	f.Fuzz(func(t *testing.T, record string) {
		if key, err := parseKey(record); err == nil && key.key == nil {
			t.Errorf("%q is a key of nothing", record)
		}
	})
}

// FuzzCanonical compares the signature that is taken out of a field with what
// stays: putting it back gives the field.
func FuzzCanonical(f *testing.F) {
	f.Add([]byte("DKIM-Signature: a=b; b=cc; bh=dd=\r\n"), []byte("a \t b\r\n\r\n"))
	f.Fuzz(func(t *testing.T, raw, body []byte) {
		out := withoutSignature(raw)
		if len(out) > len(raw) || !bytes.Equal(withoutSignature(out), out) {
			t.Errorf("%q became %q", raw, out)
		}
		line := relaxedLine(body)
		if !bytes.Equal(relaxedLine(line), line) {
			t.Errorf("%q became %q, which changes again", body, line)
		}
	})
}
