package phrase

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	templ "github.com/a-h/templ/parser/v2"
)

// readable are attributes whose values people read or hear.
var readable = map[string]bool{"title": true, "alt": true, "placeholder": true, "aria-label": true, "label": true}

// TestTemplatesHoldNoText looks for words in the templates that no translator
// would see.
func TestTemplatesHoldNoText(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../*/*.templ")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file, err := templ.ParseString(string(source))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, node := range file.Nodes {
			if html, ok := node.(*templ.HTMLTemplate); ok {
				lookThrough(t, name, html.Children)
			}
		}
	}
}

// said are the words that are the same in every language, or no words.
var said = map[string]bool{"Ctrl K": true}

func lookThrough(t *testing.T, file string, nodes []templ.Node) {
	t.Helper()
	for _, node := range nodes {
		switch n := node.(type) {
		case *templ.Text:
			complain(t, file, n.Value)
		case *templ.Element:
			for _, a := range n.Attributes {
				if constant, ok := a.(*templ.ConstantAttribute); ok && readable[constant.Key.String()] {
					complain(t, file, constant.Value)
				}
			}
			lookThrough(t, file, n.Children)
		case *templ.IfExpression:
			lookThrough(t, file, n.Then)
			for _, e := range n.ElseIfs {
				lookThrough(t, file, e.Then)
			}
			lookThrough(t, file, n.Else)
		case *templ.SwitchExpression:
			for _, c := range n.Cases {
				lookThrough(t, file, c.Children)
			}
		case *templ.ForExpression:
			lookThrough(t, file, n.Children)
		case *templ.TemplElementExpression:
			lookThrough(t, file, n.Children)
		}
	}
}

func complain(t *testing.T, file, text string) {
	t.Helper()
	text = strings.TrimSpace(strings.ReplaceAll(text, "&nbsp;", ""))
	if !said[text] && strings.ContainsFunc(text, unicode.IsLetter) {
		t.Errorf("%s: %q is not in the catalogue", file, text)
	}
}
