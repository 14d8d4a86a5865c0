package phrase

import (
	"embed"
	"fmt"
	"path"
	"slices"
	"sync"

	"github.com/pelletier/go-toml/v2"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/message/catalog"
)

//go:embed texts/*/*.toml
var files embed.FS

// fallback is the language of those whose own is not here.
const fallback = "en"

type texts struct {
	languages []*Language // the fallback first
	matcher   language.Matcher
}

// catalogue is read once. The files are part of the program: one that cannot be
// read is a mistake in it, and every test of this package shows it.
var catalogue = sync.OnceValue(func() *texts {
	c, err := load()
	if err != nil {
		panic(err)
	}
	return c
})

func load() (*texts, error) {
	entries, err := files.ReadDir("texts")
	if err != nil {
		return nil, err
	}
	c := &texts{}
	var tags []language.Tag
	for _, e := range entries {
		name := e.Name()
		all, err := readTexts(name)
		if err != nil {
			return nil, err
		}
		l, err := build(name, all)
		if err != nil {
			return nil, err
		}
		at := len(tags)
		if name == fallback {
			at = 0
		}
		tags, c.languages = slices.Insert(tags, at, l.tag), slices.Insert(c.languages, at, l)
	}
	c.matcher = language.NewMatcher(tags)
	return c, nil
}

// readTexts returns the texts of a language, of all its files.
func readTexts(language string) (all []text, err error) {
	folder := path.Join("texts", language)
	entries, err := files.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		name := path.Join(folder, e.Name())
		data, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var tree map[string]any
		if err := toml.Unmarshal(data, &tree); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = flatten(all, "", tree)
	}
	return all, nil
}

// A text is a string, or forms by number.
type text struct {
	key   string
	one   string            // when there is only one form
	forms map[string]string // "one", "other", "=0" ... by the argument at position arg
	arg   int
}

// flatten makes keys of nested sections. A table that has "other" is the forms
// of one text and no section.
func flatten(list []text, prefix string, tree map[string]any) []text {
	for name, value := range tree {
		key := prefix + name
		switch value := value.(type) {
		case string:
			list = append(list, text{key: key, one: value})
		case map[string]any:
			if _, isText := value["other"].(string); isText {
				list = append(list, formsOf(key, value))
			} else {
				list = flatten(list, key+".", value)
			}
		}
	}
	return list
}

func formsOf(key string, table map[string]any) text {
	t := text{key: key, forms: map[string]string{}, arg: 1}
	for name, value := range table {
		if s, ok := value.(string); ok {
			t.forms[name] = s
		} else if n, ok := value.(int64); ok && name == "arg" {
			t.arg = int(n)
		}
	}
	return t
}

// build makes a language of its texts.
func build(name string, all []text) (*Language, error) {
	tag, err := language.Parse(name)
	if err != nil {
		return nil, fmt.Errorf("the folder texts/%s is not called after a language: %w", name, err)
	}
	b := catalog.NewBuilder(catalog.Fallback(tag))
	l := &Language{tag: tag, keys: map[string]bool{}}
	for _, t := range all {
		if l.keys[t.key] {
			return nil, fmt.Errorf("texts/%s: %s is there twice", name, t.key)
		}
		l.keys[t.key] = true
		if err := t.set(b, tag); err != nil {
			return nil, fmt.Errorf("texts/%s: %s: %w", name, t.key, err)
		}
	}
	l.printer = message.NewPrinter(tag, message.Catalog(b))
	return l, nil
}

func (t *text) set(b *catalog.Builder, tag language.Tag) error {
	if t.forms == nil {
		return b.SetString(tag, t.key, t.one)
	}
	var cases []any
	for _, form := range []string{"=0", "=1", "zero", "one", "two", "few", "many", "other"} { // the first that fits counts
		if s, ok := t.forms[form]; ok {
			cases = append(cases, form, s)
		}
	}
	return b.Set(tag, t.key, plural.Selectf(t.arg, "%d", cases...))
}
