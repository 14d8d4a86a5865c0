package phrase

import (
	"testing"
	"time"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ set, accept, want string }{
		{"", "", "en"},
		{"", "de-AT,de;q=0.9,en;q=0.8", "de"},
		{"", "fr,en;q=0.5", "en"},
		{"", "fr", "en"},
		{"de", "en", "de"},
		{"en", "de", "en"},
		{"no language", "de", "de"},
		{"", "\x00;;q=", "en"},
	} {
		if got := Choose(test.set, test.accept).Tag(); got != test.want {
			t.Errorf("set %q, accept %q: %s, want %s", test.set, test.accept, got, test.want)
		}
	}
}

func TestFigures(t *testing.T) {
	t.Parallel()
	en, de := In("en"), In("de")
	now := time.Date(2026, 3, 14, 15, 4, 0, 0, time.Local)
	for _, test := range []struct{ got, want string }{
		{en.Size(0), "0\u00a0B"},
		{en.Size(999), "999\u00a0B"},
		{en.Size(1000), "1\u00a0kB"},
		{en.Size(3_140_000_000), "3.1\u00a0GB"},
		{de.Size(3_140_000_000), "3,1\u00a0GB"},
		{en.Size(999_999), "1\u00a0MB"},
		{en.Size(123_400_000), "123\u00a0MB"},
		{en.Number(1204), "1,204"},
		{de.Number(1204), "1.204"},
		{en.Percent(0.424), "42%"},
		{de.Percent(0.424), "42\u00a0%"},
		{en.Date(now), "14 March 2026"},
		{de.Moment(now), "14. März 2026, 15:04\u00a0Uhr"},
		{en.Ago(now, now), "just now"},
		{en.Ago(now.Add(-time.Minute), now), "a minute ago"},
		{de.Ago(now.Add(-3*time.Hour), now), "vor 3 Stunden"},
		{en.Ago(now.Add(49*time.Hour), now), "in 2 days"},
		{en.Ago(time.Time{}, now), "never"},
		{en.Ago(now.AddDate(-1, 0, 0), now), "14 March 2025"},
		{en.Span(90 * time.Second), "90 seconds"},
		{de.Span(72 * time.Hour), "3 Tage"},
		{en.Say("no.such.key"), "no.such.key"},
	} {
		if test.got != test.want {
			t.Errorf("%q, want %q", test.got, test.want)
		}
	}
}
