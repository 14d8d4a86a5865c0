package mailauth

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// TestKnownChain checks a chain of two that others made, from the ARC test suite
// of those who wrote the RFC.
func TestKnownChain(t *testing.T) {
	t.Parallel()
	v, _ := verifier(t, exampleKeys)
	raw := example(t, "arc-chain.eml")
	found := check(t, v, raw).ARC
	if found.Result != Pass || found.Sets != 2 || strings.Join(found.Sealers, " ") != "example.org example.org" {
		t.Fatalf("%+v", found)
	}
	// Each change breaks something else. The first message signature may fail: who
	// passed the message on may have changed it.
	for name, c := range map[string]struct {
		old, new string
		want     Result
		why      string
	}{
		"body":                   {"Hey gang", "Hey band", Fail, "body was changed"},
		"signed field":           {"John Q Doe", "Gene Q Doe", Fail, "last message signature"},
		"unsigned field":         {"To: arc", "X-More: yes\r\nTo: arc", Pass, ""},
		"result of the first":    {"i=1; lists.example.org;\r\n    spf=pass", "i=1; lists.example.org;\r\n    spf=fail", Fail, "verification error"},
		"folds":                  {"i=2; lists.example.org;\r\n    spf", "i=2; lists.example.org;\r\n spf", Pass, ""},
		"cv of the first":        {"cv=none", "cv=pass", Fail, `seal 1 says "pass"`},
		"cv of the last":         {"cv=pass", "cv=fail", Fail, `seal 2 says "fail"`},
		"a gap":                  {"ARC-Authentication-Results: i=2", "ARC-Authentication-Results: i=3", Fail, "not complete"},
		"instance nought":        {"ARC-Authentication-Results: i=1", "ARC-Authentication-Results: i=0", Fail, "no instance"},
		"instance beyond":        {"ARC-Authentication-Results: i=2", "ARC-Authentication-Results: i=51", Fail, "no instance"},
		"twice":                  {"ARC-Authentication-Results: i=2", "ARC-Authentication-Results: i=1", Fail, "two"},
		"no key":                 {"d=example.org; i=2; s=dummy", "d=example.org; i=2; s=other", Fail, "no key"},
		"a seal that is no seal": {"t=12346\r\nARC-Message", "t=12346; h=from\r\nARC-Message", Fail, "names fields"},
	} {
		changed := bytes.Replace(raw, []byte(c.old), []byte(c.new), 1)
		if bytes.Equal(changed, raw) {
			t.Errorf("%s: nothing was changed", name)
		}
		got := check(t, v, changed).ARC
		if got.Result != c.want || !strings.Contains(got.Reason, c.why) {
			t.Errorf("%s: %s (%s), want %s (%s)", name, got.Result, got.Reason, c.want, c.why)
		}
	}
}

// TestSeal passes a message on three times; each who receives it sees the chain,
// and that it breaks where somebody changes what was sealed.
func TestSeal(t *testing.T) {
	t.Parallel()
	keys, records := keysOf(t, "home.example")
	v, _ := verifier(t, records)
	raw, now := letter, time.Unix(1_800_000_000, 0)
	for hop := range 3 {
		found := check(t, v, raw)
		if want := []Result{None, Pass, Pass}[hop]; found.ARC.Result != want {
			t.Fatalf("after %d hops: %s (%s), want %s", hop, found.ARC.Result, found.ARC.Reason, want)
		}
		set, err := Seal(raw, keys[hop%2], "mx.home.example", found, now)
		if err != nil || len(set) == 0 {
			t.Fatalf("hop %d: %v", hop, err)
		}
		raw = append(append(set, "Received: by mx.home.example\r\n"...), raw...)
	}
	found := check(t, v, raw)
	if found.ARC.Result != Pass || found.ARC.Sets != 3 || !strings.Contains(found.ARC.Results, "arc=pass (i=2)") {
		t.Errorf("%+v", found.ARC)
	}
	broken := bytes.Replace(raw, []byte("noon"), []byte("one"), 1)
	found = check(t, v, broken)
	if found.ARC.Result != Fail {
		t.Errorf("changed: %+v", found.ARC)
	}
	if set, err := Seal(broken, keys[0], "mx.home.example", found, now); err != nil || set != nil {
		t.Errorf("a broken chain was sealed on: %q, %v", set, err)
	}
}

// TestLaterChain cannot ask for a key: the chain is not broken by that.
func TestLaterChain(t *testing.T) {
	t.Parallel()
	v, z := verifier(t, exampleKeys)
	z.Fail("dummy._domainkey.example.org")
	if got := check(t, v, example(t, "arc-chain.eml")).ARC; got.Result != TempError {
		t.Errorf("%+v", got)
	}
}
