package appliance

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// A key is one value of a Config under the name that people write.
type key struct {
	name   string // "listen.imap"
	doc    string
	choose string        // how it is chosen in the browser: "calm", "careful" (with the password), "" for not at all
	values []string      // those there are; nil: any
	value  reflect.Value // addressable: setting it changes the Config
}

// keys lists what can be set in c, in the order of the structs.
func keys(c *Config) []key {
	return appendKeys(nil, "", reflect.ValueOf(c).Elem())
}

func appendKeys(list []key, prefix string, v reflect.Value) []key {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name := f.Tag.Get("toml")
		switch {
		case name == "-":
		case isSection(f.Type):
			list = appendKeys(list, name+".", v.Field(i))
		default:
			list = append(list, newKey(prefix+name, f.Tag, v.Field(i)))
		}
	}
	return list
}

func newKey(name string, tag reflect.StructTag, v reflect.Value) key {
	k := key{name: name, doc: tag.Get("doc"), choose: tag.Get("choose"), value: v}
	if v.Kind() == reflect.Bool {
		k.values = []string{"true", "false"}
	} else if of, given := tag.Lookup("of"); given {
		k.values = strings.Split(of, ",")
	}
	return k
}

// find returns a key of c by its name.
func (c *Config) find(name string) (key, bool) {
	all := keys(c)
	if i := slices.IndexFunc(all, func(k key) bool { return k.name == name }); i >= 0 {
		return all[i], true
	}
	return key{}, false
}

// isSection tells a [section] of the file from a value.
func isSection(t reflect.Type) bool { return t.Kind() == reflect.Struct }

// Set changes one key as --set does: "listen.imap=127.0.0.1:10143".
func (c *Config) Set(setting string) error {
	name, text, found := strings.Cut(setting, "=")
	if !found {
		return fmt.Errorf("setting %q has no value; write KEY=VALUE", setting)
	}
	name = strings.TrimSpace(name)
	k, known := c.find(name)
	if !known {
		return unknownKey(name)
	}
	if err := k.set(text); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	c.came(name, FromFlag)
	return nil
}

func (k key) set(text string) error {
	if u, ok := k.value.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	switch k.value.Kind() {
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", text)
		}
		k.value.SetBool(b)
	case reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%q is no whole number", text)
		}
		k.value.SetInt(int64(n))
	default:
		k.value.SetString(text)
	}
	return nil
}

// text writes the value as set reads it.
func (k key) text() string {
	if m, ok := k.value.Interface().(encoding.TextMarshaler); ok {
		text, err := m.MarshalText()
		if err != nil {
			return ""
		}
		return string(text)
	}
	return fmt.Sprint(k.value.Interface())
}

// literal writes the value as TOML.
func (k key) literal() string {
	if m, ok := k.value.Interface().(encoding.TextMarshaler); ok {
		text, err := m.MarshalText()
		if err != nil {
			return `""`
		}
		return strconv.Quote(string(text))
	}
	if k.value.Kind() == reflect.String {
		return strconv.Quote(k.value.String())
	}
	return fmt.Sprint(k.value.Interface())
}

// unknownKey is the error for a key or section that nobody knows, with the
// nearest that exists.
func unknownKey(name string) error {
	c := Default()
	nearest, best := "", 4 // more changes than this make it another word
	try := func(candidate string, d int) {
		if d < best {
			nearest, best = candidate, d
		}
	}
	for _, k := range keys(&c) {
		section, last, _ := strings.Cut(k.name, ".")
		try(k.name, distance(name, k.name))
		try(section, distance(name, section))
		if last == name { // only the section was forgotten
			try(k.name, 0)
		}
		if strings.HasPrefix(k.name, name) {
			try(k.name, 1)
		}
	}
	if nearest == "" {
		return fmt.Errorf("unknown key %q; 'letterbox config sample' shows all keys", name)
	}
	return fmt.Errorf("unknown key %q; did you mean %q?", name, nearest)
}

// distance counts the letters to insert, remove or replace between two words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
