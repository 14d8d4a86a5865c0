package backup

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func sampleManifest() *Manifest {
	a, b := Name{1}, Name{2}
	return &Manifest{
		ID: "20261124T221500Z", Host: "mail.example.org", Program: "v1.2.3", Counts: map[string]int64{"messages": 7},
		Files: []File{
			{"blobs/0000000001.pack", 30, []Extent{{a, 20, 0, 20}, {b, 30, 20, 10}}},
			{"blobs/0000000002.pack", 5, []Extent{{a, 20, 3, 5}}},
			{"tls/a key.pem", 0, nil},
			{"letterbox.db", 12, []Extent{{b, 30, 0, 10}, {a, 20, 18, 2}}},
		},
	}
}

func TestManifestRoundTrip(t *testing.T) {
	t.Parallel()
	m := sampleManifest()
	parts := map[Name][]byte{}
	text, err := m.encode(isSealed(m), func(b []byte) (Name, error) {
		name := noKey().name(b)
		parts[name] = b
		return name, nil
	})
	must(t, err)
	if len(parts) != 1 {
		t.Errorf("%d parts; the pack that does not grow any more is one", len(parts))
	}
	got, err := parseManifest(text, func(n Name) ([]byte, error) { return parts[n], nil })
	must(t, err)
	if diff := cmp.Diff(m, got, cmpopts.EquateEmpty(), cmp.AllowUnexported(Manifest{})); diff != "" {
		t.Error(diff)
	}
	for cut := range text {
		if _, err := parseManifest(text[:cut], func(n Name) ([]byte, error) { return parts[n], nil }); err == nil {
			t.Fatalf("taken for whole when cut at %d", cut)
		}
	}
}

func TestManifestRefusesLies(t *testing.T) {
	t.Parallel()
	bundle := "bundle " + strings.Repeat("ab", 32) + " 10\n"
	for _, lines := range []string{
		"file 1 ../../etc/passwd\n",
		"file 1 /etc/passwd\n",
		"file -1 a\n",
		"file 5 a\n", // no stretches
		bundle + "from 0 0 1\n",
		bundle + "file 5 a\nfrom 1 0 5\n",
		bundle + "file 5 a\nfrom 0 8 5\n",
		bundle + "file 5 a\nfrom 0 -1 5\n",
		bundle + "file 5 a\nfrom 0 9223372036854775807 5\n",
		"bundle abc 10\n",
		"bundle " + strings.Repeat("ab", 32) + " 99999999999\n",
		"hello\n",
		"part " + strings.Repeat("ab", 32) + " 3\n", // a part that is a part of itself
	} {
		text := manifestMagic + "\n" + lines + "end\n"
		self := func(Name) ([]byte, error) { return []byte(lines), nil }
		if _, err := parseManifest([]byte(text), self); err == nil {
			t.Errorf("accepted %q", lines)
		}
	}
}

func FuzzManifest(f *testing.F) {
	m := sampleManifest()
	text, err := m.encode(func(File) bool { return false }, nil)
	must(f, err)
	f.Add(text)
	f.Add([]byte(manifestMagic + "\npart " + strings.Repeat("ab", 32) + " 3\nend\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := parseManifest(text, func(Name) ([]byte, error) { return nil, nil })
		if err != nil {
			return
		}
		for _, file := range m.Files {
			if !safePath(file.Path) {
				t.Errorf("path %q", file.Path)
			}
			for _, e := range file.Extents {
				if e.Offset < 0 || e.Length <= 0 || e.Offset+e.Length > e.Size {
					t.Errorf("stretch %+v", e)
				}
			}
		}
	})
}
