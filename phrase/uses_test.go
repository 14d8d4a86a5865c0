package phrase

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// textsOf returns the texts of a language by key.
func textsOf(t *testing.T, tag string) map[string]text {
	t.Helper()
	list, err := readTexts(tag)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]text{}
	for _, one := range list {
		all[one.key] = one
	}
	return all
}

// TestLanguagesAreComplete wants every key in every language, with the same
// arguments.
func TestLanguagesAreComplete(t *testing.T) {
	t.Parallel()
	english := textsOf(t, fallback)
	for _, l := range Known() {
		other := textsOf(t, l.Tag())
		for key := range other {
			if _, ok := english[key]; !ok && !strings.HasPrefix(key, "meaning.") { // those stand beside the code
				t.Errorf("%s: %s is not in English", l.Tag(), key)
			}
		}
		for key, e := range english {
			o, ok := other[key]
			switch {
			case !ok:
				t.Errorf("%s: %s is missing", l.Tag(), key)
			case (o.forms == nil) != (e.forms == nil):
				t.Errorf("%s: %s has forms by number in one language only", l.Tag(), key)
			case !agree(o.arguments(t), e.arguments(t)):
				t.Errorf("%s: %s takes %q, in English %q", l.Tag(), key, o.arguments(t), e.arguments(t))
			}
		}
	}
}

var verb = regexp.MustCompile(`%(?:\[(\d+)\])?([a-zA-Z%])`)

// arguments is what a text takes, a letter each and "_" for one that it leaves
// out: of all its forms together, as "one minute" need not say the number.
func (x text) arguments(t *testing.T) string {
	t.Helper()
	takes := map[int]string{}
	forms := x.forms
	if forms == nil {
		forms = map[string]string{"": x.one}
	} else {
		takes[x.arg] = "d"
	}
	for _, form := range forms {
		next := 1
		for _, m := range verb.FindAllStringSubmatch(form, -1) {
			if m[2] == "%" {
				continue
			}
			if m[1] != "" {
				next, _ = strconv.Atoi(m[1]) // digits, by the expression
			}
			if takes[next] != "" && takes[next] != m[2] {
				t.Errorf("%s: argument %d is a %s and a %s", x.key, next, takes[next], m[2])
			}
			takes[next] = m[2]
			next++
		}
	}
	var all strings.Builder
	last := slices.Max(append(slices.Collect(maps.Keys(takes)), 0))
	for i := range last {
		all.WriteString(cmp.Or(takes[i+1], "_"))
	}
	return all.String()
}

// agree reports whether two languages take the same: either may leave one out.
func agree(a, b string) bool {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] && a[i] != '_' && b[i] != '_' {
			return false
		}
	}
	return len(a) == len(b)
}

// A use is a call of Say with a key that is written out. One that ends with a
// point is the beginning of keys that are put together, wherever it stands.
type use struct {
	key  string
	args int // -1: passed on as a slice
	at   string
}

// uses reads the whole module. What is no call but looks like a key, as in a
// table, counts as well, with any number of arguments.
func uses(t *testing.T) (calls []use, mentioned map[string]bool) {
	t.Helper()
	mentioned = map[string]bool{}
	files := token.NewFileSet()
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if s, err := strconv.Unquote(lit.Value); err == nil {
					mentioned[s] = true
				}
			}
			if u, ok := useOf(n); ok {
				u.at = files.Position(n.Pos()).String()
				calls = append(calls, u)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return calls, mentioned
}

// useOf takes calls of Say, and of done, which says it on the next page.
func useOf(n ast.Node) (use, bool) {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return use{}, false
	}
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return use{}, false
	}
	before := map[string]int{"Say": 0, "done": 1}
	at, ok := before[selector.Sel.Name]
	if !ok || len(call.Args) <= at {
		return use{}, false
	}
	arg := call.Args[at]
	if sum, ok := arg.(*ast.BinaryExpr); ok {
		arg = sum.X
		for {
			inner, ok := arg.(*ast.BinaryExpr)
			if !ok {
				break
			}
			arg = inner.X
		}
	}
	lit, ok := arg.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return use{}, false
	}
	key, err := strconv.Unquote(lit.Value)
	u := use{key: key, args: len(call.Args) - at - 1}
	if call.Ellipsis.IsValid() {
		u.args = -1
	}
	return u, err == nil && strings.Contains(key, ".")
}

// TestUses compares what is said with what there are texts for.
func TestUses(t *testing.T) {
	t.Parallel()
	english := textsOf(t, fallback)
	calls, mentioned := uses(t)
	if len(calls) == 0 {
		t.Fatal("nothing is said anywhere")
	}
	used := map[string]bool{}
	for m := range mentioned { // the beginning of keys that are put together
		for key := range english {
			used[key] = used[key] || len(m) > 2 && strings.HasSuffix(m, ".") && strings.HasPrefix(key, m)
		}
	}
	for _, u := range calls {
		if strings.HasSuffix(u.key, ".") {
			continue
		}
		x, ok := english[u.key]
		used[u.key] = true
		switch {
		case !ok:
			t.Errorf("%s: there is no text %s", u.at, u.key)
		case u.args >= 0 && u.args != len(x.arguments(t)):
			t.Errorf("%s: %s takes %d arguments and gets %d", u.at, u.key, len(x.arguments(t)), u.args)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(english)) {
		section, _, _ := strings.Cut(key, ".title")
		section, _, _ = strings.Cut(section, ".text")
		if !used[key] && !mentioned[key] && !mentioned[section] {
			t.Errorf("nobody says %s", key)
		}
	}
}
