package command

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"letterbox/appliance"
	"letterbox/control"
)

// fenced returns what stands between fences of a language in the documentation,
// by page.
func fenced(t *testing.T, language string) map[string][]string {
	t.Helper()
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil || len(pages) < 8 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	blocks := map[string][]string{}
	fence := regexp.MustCompile("(?ms)^( *)```" + language + "\n(.*?)^ *```$")
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range fence.FindAllStringSubmatch(string(text), -1) {
			blocks[page] = append(blocks[page], strings.ReplaceAll("\n"+found[2], "\n"+found[1], "\n"))
		}
	}
	return blocks
}

// TestDocumentedCommands: every command line that the documentation has readers
// type is one that the program understands.
func TestDocumentedCommands(t *testing.T) {
	t.Parallel()
	typed := regexp.MustCompile(`(?m)^(?:docker exec .*letterbox /)?letterbox ([^#\n]+)`)
	tried := 0
	for page, blocks := range fenced(t, "sh") {
		for _, call := range typed.FindAllStringSubmatch(strings.Join(blocks, "\n"), -1) {
			words := strings.Fields(call[1])
			parser, err := newParser(&cli{}, control.Stdio{Out: io.Discard, Err: io.Discard}, func(int) {})
			if err != nil {
				t.Fatal(err)
			}
			tried++
			if _, err := parser.Parse(words); err != nil {
				t.Errorf("%s: letterbox %s: %v", page, call[1], err)
			}
		}
	}
	if tried < 30 {
		t.Errorf("only %d commands were found", tried)
	}
}

// TestDocumentedSettings: every piece of a configuration in the documentation is
// read without complaint. Files that it names are those of the reader.
func TestDocumentedSettings(t *testing.T) {
	t.Parallel()
	tried := 0
	for page, blocks := range fenced(t, "toml") {
		for _, text := range blocks {
			tried++
			dir := t.TempDir()
			secret := filepath.Join(dir, "secret")
			file := filepath.Join(dir, "letterbox.toml")
			own := regexp.MustCompile(`(password_file|certificate|key) = ".*"`).ReplaceAllString(text, `$1 = "`+secret+`"`)
			for name, text := range map[string]string{secret: "x\n", file: own} {
				if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			c, err := appliance.Load(dir, file, nil)
			if err == nil {
				err = c.Check()
			}
			if err != nil {
				t.Errorf("%s: %v\n%s", page, err, text)
			}
		}
	}
	if tried < 4 {
		t.Errorf("only %d settings were found", tried)
	}
}
