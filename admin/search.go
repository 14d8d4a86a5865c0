package admin

import (
	"net/http"
	"strings"
)

// A hit is something that the search found.
type hit struct{ URL, Label, Kind string }

// foundOfKind bounds what is shown of each kind.
const foundOfKind = 8

// search finds people, addresses, settings and pages. It is a page of its own;
// with script the palette shows its results alone (part=results).
func (v *visit) search() error {
	what := strings.TrimSpace(v.r.URL.Query().Get("q"))
	hits, err := v.find(what)
	if err != nil {
		return err
	}
	p := v.page("", v.Say("search.title"))
	if v.r.URL.Query().Get("part") == "results" {
		return v.show(http.StatusOK, searchResults(p, what, hits))
	}
	return v.show(http.StatusOK, searchView(p, what, hits))
}

func (v *visit) find(what string) ([]hit, error) {
	hits, err := v.findPages(what)
	if what == "" || err != nil {
		return hits, err
	}
	people, err := v.findPeople(what)
	if err != nil {
		return nil, err
	}
	hits = append(hits, people...)
	if !see.admits(v.user) {
		return hits, nil
	}
	settings, err := v.findSettings(what)
	return append(hits, settings...), err
}

// findPeople looks through people, teams and their addresses.
func (v *visit) findPeople(what string) (hits []hit, err error) {
	users, err := v.Directory.Everybody(v.context())
	if err != nil {
		return nil, err
	}
	aliases, err := v.Directory.Aliases(v.context())
	if err != nil {
		return nil, err
	}
	owner := map[string]string{}
	for _, u := range users {
		owner[u.Address] = personURL(&u)
		if len(hits) < foundOfKind && (containsFold(u.Address, what) || containsFold(u.Name, what)) {
			label := u.Address
			if u.Name != "" {
				label = u.Name + " · " + u.Address
			}
			hits = append(hits, hit{personURL(&u), label, v.Say("search.person")})
		}
	}
	n := 0
	for _, a := range aliases {
		to := owner[a.Targets[0]]
		if n < foundOfKind && to != "" && containsFold(a.Address, what) {
			n++
			hits = append(hits, hit{to, a.Address + " → " + a.Targets[0], v.Say("search.address")})
		}
	}
	return hits, nil
}

// findSettings looks through the keys of the configuration and what they mean.
func (v *visit) findSettings(what string) (hits []hit, err error) {
	all, err := v.Settings(v.context())
	for _, s := range all {
		if len(hits) < foundOfKind && (containsFold(s.Key, what) || containsFold(s.Doc, what) || containsFold(v.meaning(s), what)) {
			hits = append(hits, hit{"/settings#" + s.Key, s.Key, v.Say("search.setting")})
		}
	}
	return hits, err
}

func containsFold(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}
