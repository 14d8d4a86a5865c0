package appliance

import (
	"log/slog"
	"slices"
	"testing"
)

// TestSeparatorsDropped remembers which addresses were taken once and are refused now,
// through several changes and back.
func TestSeparatorsDropped(t *testing.T) {
	t.Parallel()
	c := Default()
	c.Data = t.TempDir()
	for _, step := range []struct {
		separators, dropped string
		lost                []string
	}{
		{"+", "", nil},
		{"-", "+", []string{"anna+x@example.org"}},
		{"", "+-", []string{"anna+x@example.org"}},
		{"-", "+", []string{"anna+x@example.org"}},
		{"+-", "", nil},
	} {
		c.Mail.Separators = step.separators
		d, err := OpenData(t.Context(), c, slog.New(slog.DiscardHandler), false)
		if err != nil {
			t.Fatal(err)
		}
		if step.dropped == "" && step.separators == "+" {
			_, err := d.Directory.AddDomain(t.Context(), "example.org")
			must(t, err)
			_, err = d.Directory.AddUser(t.Context(), "anna@example.org", "", "tulips in may")
			must(t, err)
			must(t, d.Directory.AddAlias(t.Context(), "info@example.org", "anna+x@example.org"))
		}
		p, err := d.Patient(t.Context())
		must(t, err)
		if p.Dropped != step.dropped || !slices.Equal(p.Nowhere, step.lost) {
			t.Errorf("with %q: dropped %q, lost %v", step.separators, p.Dropped, p.Nowhere)
		}
		must(t, d.Close())
	}
}
