package directory

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// TestKeys follows a domain's keys through a rotation.
func TestKeys(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx := t.Context()
	selectors := func(list []SigningKey, err error) string {
		must(t, err)
		var words []string
		for _, k := range list {
			words = append(words, k.Selector)
		}
		return strings.Join(words, " ")
	}
	expect := func(when, signing, published string) {
		t.Helper()
		if got := selectors(h.SigningKeys(ctx, "home.example")); got != signing {
			t.Errorf("%s: %q sign, want %q", when, got, signing)
		}
		if got := selectors(h.PublishedKeys(ctx, "home.example")); got != published {
			t.Errorf("%s: %q are published, want %q", when, got, published)
		}
	}
	expect("without keys", "", "")
	must(t, h.EnsureKeys(ctx, "home.example"))
	first := selectors(h.PublishedKeys(ctx, "home.example"))
	if !strings.HasPrefix(first, "rsa2027") || !strings.Contains(first, " ed2027") {
		t.Fatalf("selectors %q", first)
	}
	must(t, h.EnsureKeys(ctx, "home.example")) // has them
	expect("at first", first, first)

	h.clock.advance(300 * 24 * time.Hour)
	must(t, h.RotateKeys(ctx, "HOME.example"))
	both := selectors(h.PublishedKeys(ctx, "home.example"))
	second := strings.TrimPrefix(both, first+" ")
	if len(strings.Fields(both)) != 4 || second == both {
		t.Fatalf("published after rotation: %q", both)
	}
	expect("after the rotation", first, both)
	h.clock.advance(Overlap - time.Second)
	expect("just before the change", first, both)
	h.clock.advance(time.Second)
	expect("at the change", second, both)
	h.clock.advance(Overlap)
	expect("a week later", second, second)

	if err := h.EnsureKeys(ctx, "far.example"); !errors.Is(err, ErrNotOurs) {
		t.Errorf("keys of a stranger: %v", err)
	}
	if list, err := h.SigningKeys(ctx, "far.example"); err != nil || list != nil {
		t.Errorf("keys of a stranger: %v, %v", list, err)
	}
}

// TestRotateTwice in a day: the second keys replace those that never signed.
func TestRotateTwice(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx := t.Context()
	must(t, h.EnsureKeys(ctx, "home.example"))
	must(t, h.RotateKeys(ctx, "home.example"))
	must(t, h.RotateKeys(ctx, "home.example"))
	h.clock.advance(Overlap)
	keys, err := h.SigningKeys(ctx, "home.example")
	must(t, err)
	if len(keys) != 2 || !strings.HasSuffix(keys[0].Selector, "-3") {
		t.Errorf("%+v", keys)
	}
}

func TestKeyRecords(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	must(t, h.EnsureKeys(t.Context(), "home.example"))
	keys, err := h.SigningKeys(t.Context(), "home.example")
	must(t, err)
	for i, want := range []string{"v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A", "v=DKIM1; k=ed25519; p="} {
		if text, err := keys[i].Record(); err != nil || !strings.HasPrefix(text, want) {
			t.Errorf("%s: %q, %v", keys[i].Selector, text, err)
		}
	}
	// The domain goes, and its keys with it.
	must(t, h.EnsureKeys(t.Context(), "office.example"))
	must(t, h.RemoveDomain(t.Context(), "office.example"))
}
