package appliance

import (
	"os"
	"path/filepath"
	"testing"

	"letterbox/internal/zone"
	"letterbox/resolver"
)

// TestReplacedProgram: another file in its place is told, whatever it is; the same one
// and none are not.
func TestReplacedProgram(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "letterbox")
	write := func(to, text string) {
		t.Helper()
		must(t, os.WriteFile(to, []byte(text), 0o755))
	}
	write(path, "one")
	p := programAt(path)
	is := func(want string) {
		t.Helper()
		if got := p.replaced(); got != want {
			t.Errorf("replaced by %q, want %q", got, want)
		}
	}
	is("")
	must(t, os.Remove(path)) // while a package is being installed
	is("")
	write(path+".new", "two")
	must(t, os.Rename(path+".new", path))
	is("another file")

	self, err := os.Executable()
	must(t, err)
	must(t, os.Remove(path))
	must(t, os.Symlink(self, path))
	is(Version()) // as a program of Go says of itself

	p = programAt(filepath.Join(t.TempDir(), "nothing"))
	is("")
	if p = runningProgram(); p == nil || p.replaced() != "" {
		t.Errorf("this test is replaced: %+v", p)
	}
}

// TestReleasesAreAskedDaily, by name.
func TestReleasesAreAskedDaily(t *testing.T) {
	t.Parallel()
	z := zone.Serve(t, `
one.example. TXT "v=letterbox1; version=v1.5.0"
two.example. TXT "v=letterbox1; version=v1.6.0"
`)
	names := &resolver.Resolver{Servers: []string{z.Addr}}
	var r releases
	asks := func(name, want string) {
		t.Helper()
		if got, err := r.ask(t.Context(), names, name); err != nil || got.Version != want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	asks("one.example", "v1.5.0")
	z.Remove("one.example")
	asks("one.example", "v1.5.0")
	asks("two.example", "v1.6.0")
	if got, err := r.ask(t.Context(), names, "one.example"); err == nil {
		t.Errorf("from whom? %+v", got)
	}
	asks("two.example", "v1.6.0")
	r.at = r.at.Add(-askedDaily)
	z.Remove("two.example")
	if got, err := r.ask(t.Context(), names, "two.example"); err == nil {
		t.Errorf("of yesterday: %+v", got)
	}
}
