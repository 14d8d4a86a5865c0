package admin

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"letterbox/directory"
	"letterbox/store"
)

// A person is a row of the list.
type person struct {
	directory.User
	Full       fullness
	LastSignIn time.Time
}

// people lists everybody who has a mailbox here.
func (v *visit) people() error {
	all, err := v.everybody()
	if err != nil {
		return err
	}
	l := v.listing("address", "-kept", "-seen")
	rows := slices.DeleteFunc(slices.Clone(all), func(p person) bool { return !l.Matches(p.Address, p.Name) })
	slices.SortStableFunc(rows, func(a, b person) int { return l.order(a.compare(b, l.Sort)) })
	return v.show(http.StatusOK, peoplePage(v.page("people", v.Say("people.title")), l, cut(l, rows), len(all)))
}

func (p person) compare(q person, column string) int {
	switch column {
	case "kept":
		return cmp.Compare(p.Full.Bytes, q.Full.Bytes)
	case "seen":
		return p.LastSignIn.Compare(q.LastSignIn)
	}
	return cmp.Compare(p.Address, q.Address)
}

// everybody returns all people with what they keep and when they were here.
func (v *visit) everybody() ([]person, error) {
	users, err := v.Directory.Users(v.context())
	if err != nil {
		return nil, err
	}
	holdings, err := v.Store.Holdings(v.context())
	if err != nil {
		return nil, err
	}
	last, err := v.Directory.LastSignIns(v.context())
	if err != nil {
		return nil, err
	}
	people := make([]person, len(users))
	for i, u := range users {
		h := holdings[store.AccountID(u.ID)]
		people[i] = person{u, fullness{h.Usage, h.Limit}, last[u.ID]}
	}
	return people, nil
}
