package admin

import (
	"cmp"
	"net/http"
	"slices"

	"letterbox/directory"
	"letterbox/store"
)

// A member is somebody who shares a team's mail.
type member struct {
	*directory.User
	Rights store.Rights
}

// A team is a row of the list.
type team struct {
	directory.User
	Full    fullness
	Members []member
}

// teams lists the addresses that several people share.
func (v *visit) teams() error {
	users, err := v.Directory.Teams(v.context())
	if err != nil {
		return err
	}
	holdings, err := v.Store.Holdings(v.context())
	if err != nil {
		return err
	}
	l := v.listing("address")
	var rows []team
	for _, u := range users {
		if !l.Matches(u.Address, u.Name) {
			continue
		}
		members, err := v.members(&u)
		if err != nil {
			return err
		}
		h := holdings[store.AccountID(u.ID)]
		rows = append(rows, team{u, fullness{h.Usage, h.Limit}, members})
	}
	slices.SortStableFunc(rows, func(a, b team) int { return l.order(cmp.Compare(a.Address, b.Address)) })
	return v.show(http.StatusOK, teamsView(v.page("people", v.Say("teams.title")), l, cut(l, rows), len(users)))
}

// members lists who shares a team's mail.
func (v *visit) members(team *directory.User) (list []member, err error) {
	grants, err := v.Store.Members(v.context(), store.AccountID(team.ID))
	if err != nil {
		return nil, err
	}
	for _, g := range grants {
		u, err := v.Directory.UserByID(v.context(), int64(g.Account))
		if err != nil {
			return nil, err
		}
		list = append(list, member{u, g.Rights})
	}
	return list, nil
}

// rightsOf are the words for what a member may do, the least first.
func rightsOf(word string) (store.Rights, bool) {
	switch word {
	case "read":
		return store.ReadRights, true
	case "write":
		return store.WriteRights, true
	case "full":
		return store.FullRights, true
	case "none":
		return 0, true
	}
	return 0, false
}

// wordFor is the reverse; "mixed" for what was set letter by letter elsewhere.
func wordFor(r store.Rights) string {
	for _, word := range []string{"read", "write", "full"} {
		if rights, _ := rightsOf(word); rights == r {
			return word
		}
	}
	return "mixed"
}

// setMember lets somebody share a team's mail, or no longer.
func (v *visit) setMember() error {
	team, err := v.target()
	if err != nil {
		return err
	}
	f, err := v.form()
	if err != nil {
		return err
	}
	rights, known := rightsOf(f.Text("rights"))
	if !team.Team || !known {
		return missing
	}
	who, err := v.Directory.User(v.context(), f.Text("member"))
	if err != nil || who.Team {
		f.Reject("member", v.Say("teams.member.unknown"))
		shown, err := v.portrait(team)
		if err != nil {
			return err
		}
		f.values.Set("name", team.Name)
		f.values.Set("quota", gigabytes(shown.OwnLimit))
		return v.showPerson(http.StatusUnprocessableEntity, shown, f)
	}
	if err := v.Store.SetMember(v.context(), store.AccountID(team.ID), store.AccountID(who.ID), rights); err != nil {
		return err
	}
	e := directory.Event{Action: "team.member", Subject: team.Address, Detail: who.Address + " " + f.Text("rights")}
	if err := v.Directory.Record(v.context(), e); err != nil {
		return err
	}
	return v.done(personURL(team), "done.saved")
}
