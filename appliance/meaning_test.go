package appliance

import (
	"os"
	"path/filepath"
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
	known := map[string]bool{}
	for _, k := range keys(&c) {
		known[k.name] = true
	}
	for _, l := range phrase.Known() {
		if l.Tag() == "en" { // is the doc tag
			continue
		}
		said := meaningsIn(t, l.Tag())
		for key := range known {
			if said[key] == "" {
				t.Errorf("%s: texts/%s/meaning.toml does not say what %s means", l.Name(), l.Tag(), key)
			}
		}
		for key := range said {
			if !known[key] {
				t.Errorf("%s: there is no setting %s", l.Name(), key)
			}
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
