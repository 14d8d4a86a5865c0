package admin

import "slices"

// A place is one of those in the navigation.
type place struct {
	key, path string
	who       rule
}

// places are at most six; one that has no page is left out.
func places() []place {
	all := []place{
		{"overview", "/overview", see},
		{"people", "/people", seePeople},
		{"mail", "/mail", see},
		{"snapshots", "/snapshots", see},
		{"domains", "/domains", see},
		{"settings", "/settings", see},
	}
	table := routes()
	return slices.DeleteFunc(all, func(p place) bool {
		return !slices.ContainsFunc(table, func(r route) bool { return r.pattern == "GET "+p.path })
	})
}
