package appliance

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
	"letterbox/phrase"
)

// TestMeanings: what every setting means is said in every language, and nothing of
// settings that there are not.
func TestMeanings(t *testing.T) {
	t.Parallel()
	c := Default()
	var want []string
	for _, k := range keys(&c) {
		want = append(want, k.name)
	}
	slices.Sort(want)
	for _, l := range phrase.Known() {
		if l.Tag() == "en" { // is the doc tag
			continue
		}
		said := meaningsIn(t, l.Tag())
		if got := slices.Sorted(maps.Keys(said)); !slices.Equal(got, want) {
			t.Errorf("%s: meanings of %q,\nand there are %q", l.Name(), got, want)
		}
		for key := range said {
			if text := l.Say("meaning." + key); strings.Contains(text, "%!") {
				t.Errorf("%s: %s: %s", l.Name(), key, text)
			}
		}
	}
}

// meaningsIn are the texts of a language's file, by key of the configuration.
func meaningsIn(t *testing.T, language string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "phrase", "texts", language, "meaning.toml"))
	must(t, err)
	var file struct {
		Meaning map[string]any
	}
	must(t, toml.Unmarshal(data, &file))
	all := map[string]string{}
	for name, value := range file.Meaning {
		switch value := value.(type) {
		case string:
			all[name] = value
		case map[string]any:
			for key, text := range value {
				all[name+"."+key], _ = text.(string)
			}
		}
	}
	return all
}
