package admin

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// noForms are routes to which no form of a page leads, and why.
var noForms = map[string]string{
	"/signin/code":              "comes of the form at /signin: TestSignInWithCode has it",
	"/signin/passkey":           "there are no passkeys without script, and other ways to sign in",
	"/signin/passkey/begin":     "likewise",
	"/me/factors/passkey":       "there are no passkeys without script; codes are the other second factor",
	"/me/factors/passkey/begin": "likewise",
	"/setup":                    "there is an admin: TestSetup has it",
	"/setup/name":               "there is an admin: TestSetup has it",
	"/setup/you":                "there is an admin: TestSetup has it",
}

// TestForms: to each act of the table of routes leads a form on some page, as
// browsers without script understand it; and no form leads anywhere else.
func TestForms(t *testing.T) {
	t.Parallel()
	h := inhabit(t)
	acts, led := http.NewServeMux(), map[string]bool{}
	for _, r := range routes() {
		if strings.HasPrefix(r.pattern, "POST ") {
			acts.Handle(r.pattern, http.NotFoundHandler())
		}
	}
	for _, s := range h.sights(t) {
		for _, f := range formsOf(t, h.as(t, s.who).get(s.path).Body) {
			for _, complaint := range f.complaints {
				t.Errorf("%s: the form to %s %s", s.path, f.to, complaint)
			}
			for _, to := range f.to {
				if to == "" {
					to = s.path // as HTML has it
				}
				r, err := http.NewRequest(http.MethodPost, h.URL+to, nil)
				must(t, err)
				_, pattern := acts.Handler(r)
				if pattern == "" {
					t.Errorf("%s: a form leads to %s, which is no act", s.path, to)
				}
				led[pattern] = true
			}
		}
	}
	for _, r := range routes() {
		path, isPost := strings.CutPrefix(r.pattern, "POST ")
		if isPost && led[r.pattern] == (noForms[path] != "") {
			t.Errorf("%s: a form leads there: %v; the exception says %q", r.pattern, led[r.pattern], noForms[path])
		}
	}
}

// A sentForm is one that posts.
type sentForm struct {
	to         []string // paths: its own, and those of buttons that lead elsewhere
	complaints []string
}

// formsOf are the forms of a page that post, by what HTML says of them alone.
func formsOf(t *testing.T, page string) (forms []sentForm) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	must(t, err)
	for n := range root.Descendants() {
		if n.Data != "form" || !strings.EqualFold(attribute(n, "method"), "post") || has(n, "hidden") { // which only script shows
			continue
		}
		action, err := url.Parse(attribute(n, "action"))
		must(t, err)
		f, buttons := sentForm{to: []string{action.Path}}, 0
		for c := range n.Descendants() {
			kind := attribute(c, "type")
			switch {
			case c.Data == "button" && kind != "button", c.Data == "input" && kind == "submit":
				buttons++
				if to := attribute(c, "formaction"); to != "" {
					f.to = append(f.to, to)
				}
			case c.Data == "input", c.Data == "select", c.Data == "textarea":
				if attribute(c, "name") == "" {
					f.complaints = append(f.complaints, "has a field without a name: what is in it is lost")
				}
			}
		}
		if buttons == 0 {
			f.complaints = append(f.complaints, "has no button: without script nothing sends it")
		}
		forms = append(forms, f)
	}
	return forms
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}
