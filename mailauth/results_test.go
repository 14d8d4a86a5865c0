package mailauth

import (
	"bytes"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/authres"
)

func TestField(t *testing.T) {
	t.Parallel()
	v := &Verdict{
		SPF: SPF{Result: Pass, Sender: "ann@home.example", Domain: "home.example"},
		DKIM: []DKIM{
			{Result: Pass, Domain: "home.example", Selector: "r1", Algorithm: "rsa-sha256", Signature: "abcdefgh"},
			{Result: Fail, Domain: "list.example", Selector: "s", Algorithm: "rsa-sha256", Signature: "ijklmnop", Reason: "the body was changed"},
		},
		DMARC: DMARC{Result: Pass, From: "home.example", Policy: "reject", Disposition: "none"},
		ARC:   ARC{Result: Fail, Sets: 2, Reason: "seal 2: it does not verify"},
	}
	want := strings.ReplaceAll(`Authentication-Results: mx.office.example;
	spf=pass
		smtp.mailfrom=ann@home.example;
	dkim=pass
		header.d=home.example
		header.s=r1
		header.a=rsa-sha256
		header.b=abcdefgh;
	dkim=fail
		reason="the body was changed"
		header.d=list.example
		header.s=s
		header.a=rsa-sha256
		header.b=ijklmnop;
	dmarc=pass (p=reject dis=none)
		header.from=home.example;
	arc=fail (i=2)
		reason="seal 2: it does not verify"
`, "\n", "\r\n")
	if got := string(v.Field("mx.office.example")); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestFieldIsSafe puts what strangers may say into the field: it stays one field
// that means what it meant.
func TestFieldIsSafe(t *testing.T) {
	t.Parallel()
	for _, evil := range []string{
		"a@b; dkim=pass header.d=bank.example", "a@b\r\nX-Evil: yes", `a"b\@c`, "x(y)@z", "é@x", "\x00\x7f", strings.Repeat("a", 5000) + "@b",
	} {
		v := &Verdict{SPF: SPF{Result: Fail, Sender: evil}, DMARC: DMARC{Result: None}, ARC: ARC{Result: None}}
		field := v.Field("mx.office.example")
		if len(field) > 1000 || bytes.Contains(field, []byte("\r\nX-Evil")) {
			t.Errorf("%.40q became %q", evil, field)
		}
		unquoted := bytes.ReplaceAll(field, []byte(`\"`), nil)
		for i, part := range bytes.Split(unquoted, []byte(`"`)) {
			if i%2 == 0 && bytes.Contains(part, []byte("dkim=pass")) {
				t.Errorf("%q claims a signature: %q", evil, field)
			}
		}
	}
	v := &Verdict{SPF: SPF{Result: Pass, Sender: "ann@home.example"}, DMARC: DMARC{Result: None}, ARC: ARC{Result: None}}
	_, content, _ := strings.Cut(string(v.Field("mx.office.example")), ":")
	id, found, err := authres.Parse(content)
	if err != nil || id != "mx.office.example" || len(found) != 3 {
		t.Errorf("go-msgauth reads %q, %v, %v", id, found, err)
	}
}

func TestWithoutForged(t *testing.T) {
	t.Parallel()
	const rest = "From: a@b\r\n\r\nAuthentication-Results: mx.office.example; in the body\r\n"
	for field, forged := range map[string]bool{
		"Authentication-Results: mx.office.example; dkim=pass":                            true,
		"authentication-results:MX.Office.Example;dkim=pass":                              true,
		"Authentication-Results : mx.office.example 1; none":                              true,
		"Authentication-Results:\r\n\t(a (nested\\) ) one)\r\n\t\"mx.office.example\"; x": true,
		"Authentication-Results: \"mx.\\office.example\"; x":                              true,
		"Authentication-Results: mx.office.example(comment); x":                           true,
		"Authentication-Results: mx.office.example.; x":                                   true,
		"Authentication-Results:":                                                         true,
		"Authentication-Results: (never closed":                                           true,
		"Authentication-Results: \"never closed":                                          true,
		"Authentication-Results: ; dkim=pass":                                             true,
		"Authentication-Results: mx.home.example; dkim=pass":                              false,
		"Authentication-Results: mx.office.example.evil; dkim=pass":                       false,
		"X-Authentication-Results: mx.office.example; dkim=pass":                          false,
	} {
		raw := []byte("Subject: x\r\n" + field + "\r\n" + rest)
		want := raw
		if forged {
			want = []byte("Subject: x\r\n" + rest)
		}
		if got := bytes.Join(WithoutForged(raw, "mx.office.example"), nil); !bytes.Equal(got, want) {
			t.Errorf("%q left %q", field, got)
		}
	}
}
