package doctor

import (
	"errors"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/mod/semver"
	"letterbox/internal/zone"
	"letterbox/resolver"
)

func TestParseRelease(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä", 2*maxNews)
	for text, want := range map[string]Release{
		"v=letterbox1; version=v1.5.0": {Version: "v1.5.0"},
		"v=letterbox1;version=v1.5.0-rc.1;more=https://r.example/a?b=c;news=Quicker = better.;what=ever": {
			"v1.5.0-rc.1", "https://r.example/a?b=c", "Quicker = better.",
		},
		"v=letterbox1; version=v1.5.0; more=javascript:alert(1); news=\x1b[31mred\r\n\u202e": {Version: "v1.5.0", News: "[31mred"},
		"v=letterbox1; version=v1.5.0; more=https:///x":                                      {Version: "v1.5.0"},
		"v=letterbox1; version=v1; news=" + long[:600]:                                       {Version: "v1", News: long[:600]},
	} {
		if got, err := ParseRelease(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "v=spf1 -all", "v=letterbox1", "v=letterbox1; version=1.5.0", "v=letterbox1; version=new", "version=v1.5.0; v=letterbox1",
		"v=letterbox1; version=v1.5.0; news=" + strings.Repeat("x", maxRecord),
	} {
		if got, err := ParseRelease(text); !errors.Is(err, errNoRelease) {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

// TestAskRelease finds the record among others, and says why there is none.
func TestAskRelease(t *testing.T) {
	t.Parallel()
	z := zone.Serve(t, `
releases.example. TXT "v=spf1 -all"
releases.example. TXT "v=letterbox1; version=v1.5.0; " "news=Quicker."
other.example. TXT "v=spf1 -all"
`)
	names := &resolver.Resolver{Servers: []string{z.Addr}}
	if r, err := AskRelease(t.Context(), names, "releases.example"); err != nil || r.Version != "v1.5.0" || r.News != "Quicker." {
		t.Errorf("%+v, %v", r, err)
	}
	for name, want := range map[string]string{"other.example": "no record of a release", "nothing.example": "nothing.example"} {
		if _, err := AskRelease(t.Context(), names, name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseRelease(f *testing.F) {
	f.Add("v=letterbox1; version=v1.5.0; more=https://r.example/; news=Quicker.")
	f.Add("v=letterbox1; version=v1; news=\xff\u202e")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRelease(text)
		if err != nil {
			return
		}
		if !semver.IsValid(r.Version) || len([]rune(r.News)) > maxNews+1 || r.More != "" && !strings.HasPrefix(r.More, "https://") {
			t.Errorf("%q is read as %+v", text, r)
		}
		for _, c := range r.News {
			if !unicode.IsPrint(c) {
				t.Errorf("%q does not print", r.News)
			}
		}
	})
}
