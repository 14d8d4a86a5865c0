package phrase

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestActs has words for every act that the code writes into the audit log.
func TestActs(t *testing.T) {
	t.Parallel()
	english := textsOf(t, fallback)
	files, found := token.NewFileSet(), 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			act, ok := actOf(n)
			if !ok {
				return true
			}
			found++
			if _, ok := english["act."+act]; !ok {
				t.Errorf("%s: there are no words for %s", files.Position(n.Pos()), act)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found == 0 {
		t.Fatal("nothing is written down anywhere")
	}
}

// actOf takes the field of an event that names the act.
func actOf(n ast.Node) (string, bool) {
	field, ok := n.(*ast.KeyValueExpr)
	if !ok {
		return "", false
	}
	name, ok := field.Key.(*ast.Ident)
	if !ok || name.Name != "Action" {
		return "", false
	}
	lit, ok := field.Value.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	act, err := strconv.Unquote(lit.Value)
	return act, err == nil && strings.Contains(act, ".")
}
