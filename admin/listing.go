package admin

import (
	"net/url"
	"strconv"
	"strings"
)

// pageRows is how many rows a table shows at once.
const pageRows = 50

// A listing is how somebody wants to see a table: all of it is in the address of
// the page, so that Back works and a view can be kept as a bookmark.
type listing struct {
	path       string
	query      url.Values
	Search     string
	Sort       string
	Descending bool
	Page       int // from 1
	Total      int // rows that fit the search
	columns    []string
	numeric    map[string]bool
}

// listing reads the wishes from the address. The first column is what the table
// is sorted by when nobody wishes anything; those that begin with "-" begin with
// the largest.
func (v *visit) listing(columns ...string) *listing {
	l := &listing{path: v.r.URL.Path, query: v.r.URL.Query(), Page: 1, numeric: map[string]bool{}}
	for _, c := range columns {
		name, largest := strings.CutPrefix(c, "-")
		l.columns = append(l.columns, name)
		l.numeric[name] = largest
	}
	l.Search = strings.TrimSpace(l.query.Get("q"))
	l.Sort, l.Descending = l.columns[0], l.numeric[l.columns[0]]
	wish, down := strings.CutPrefix(l.query.Get("sort"), "-")
	if _, known := l.numeric[wish]; known {
		l.Sort, l.Descending = wish, down
	}
	if n, err := strconv.Atoi(l.query.Get("page")); err == nil && n > 0 {
		l.Page = n
	}
	return l
}

// Filter is another wish in the address.
func (l *listing) Filter(name string) string { return l.query.Get(name) }

// Matches reports whether any of the texts has what is searched for.
func (l *listing) Matches(texts ...string) bool {
	search := strings.ToLower(l.Search)
	for _, t := range texts {
		if strings.Contains(strings.ToLower(t), search) {
			return true
		}
	}
	return false
}

// with is the address of the same view with something else wished.
func (l *listing) with(name, value string) string {
	q := url.Values{}
	for key, values := range l.query {
		if key != name && key != "page" && values[0] != "" {
			q[key] = values
		}
	}
	if value != "" {
		q.Set(name, value)
	}
	if len(q) == 0 {
		return l.path
	}
	return l.path + "?" + q.Encode()
}

// sortURL sorts by a column, or the other way round if that is how it is.
func (l *listing) sortURL(column string) string {
	down := l.numeric[column]
	if l.Sort == column {
		down = !l.Descending
	}
	if down {
		return l.with("sort", "-"+column)
	}
	return l.with("sort", column)
}

// aria is the aria-sort of a column's head; "" where it is not sorted by.
func (l *listing) aria(column string) string {
	switch {
	case l.Sort != column:
		return ""
	case l.Descending:
		return "descending"
	}
	return "ascending"
}

func (l *listing) pages() int           { return max(1, (l.Total+pageRows-1)/pageRows) }
func (l *listing) pageURL(n int) string { return l.with("page", strconv.Itoa(n)) }

// order turns the result of a comparison the way that is wished.
func (l *listing) order(c int) int {
	if l.Descending {
		return -c
	}
	return c
}

// cut keeps the rows of the page that is wished, and counts all.
func cut[T any](l *listing, all []T) []T {
	l.Total = len(all)
	l.Page = min(l.Page, l.pages())
	from := (l.Page - 1) * pageRows
	return all[from:min(from+pageRows, len(all))]
}
