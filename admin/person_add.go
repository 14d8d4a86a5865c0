package admin

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"letterbox/directory"
	"letterbox/quota"
	"letterbox/store"
)

// addPage is the form for a new person or, at /people/teams/new, a new team.
func (v *visit) addPage() error {
	domains, err := v.Directory.Domains(v.context())
	if err != nil {
		return err
	}
	at := ""
	if len(domains) == 1 {
		at = domains[0].Name
	}
	return v.showAdd(http.StatusOK, blank(map[string]string{"domain": at}))
}

func (v *visit) showAdd(status int, f *form) error {
	domains, err := v.Directory.Domains(v.context())
	if err != nil {
		return err
	}
	team := strings.HasPrefix(v.r.URL.Path, "/people/teams/")
	title := v.Say("people.add.title")
	if team {
		title = v.Say("teams.add.title")
	}
	return v.show(status, addView(v.page("people", title), f, domains, team))
}

// addPerson makes the account, and a link or a password to hand over.
func (v *visit) addPerson() error {
	f, err := v.form()
	if err != nil {
		return err
	}
	bytes, ok := parseGigabytes(f.Text("quota"))
	if !ok {
		f.Reject("quota", v.Say("person.quota.wrong"))
	}
	if !f.Good() {
		return v.showAdd(http.StatusUnprocessableEntity, f)
	}
	password := ""
	if f.Text("way") == "password" {
		password = directory.GeneratePassword()
	}
	user, err := v.Directory.AddUser(v.context(), f.address(), f.Text("name"), password)
	if err != nil {
		f.Reject("local", v.Say(addressProblem(err)))
		return v.showAdd(http.StatusUnprocessableEntity, f)
	}
	if err := v.furnish(user, bytes); err != nil {
		return err
	}
	if password == "" {
		return v.inviteUser(user)
	}
	return v.handOver(handover{User: user, Lead: v.Say("handover.password"), Secret: password})
}

// addTeam makes an address that several people share.
func (v *visit) addTeam() error {
	f, err := v.form()
	if err != nil {
		return err
	}
	team, err := v.Directory.AddTeam(v.context(), f.address(), f.Text("name"))
	if err != nil {
		f.Reject("local", v.Say(addressProblem(err)))
		return v.showAdd(http.StatusUnprocessableEntity, f)
	}
	if err := v.furnish(team, 0); err != nil {
		return err
	}
	return v.done(personURL(team), "done.team", team.Address)
}

// furnish makes the mailboxes and sets the quota of a new user.
func (v *visit) furnish(user *directory.User, bytes int64) error {
	account := store.AccountID(user.ID)
	if err := v.Store.EnsureAccount(v.context(), account); err != nil {
		return err
	}
	if bytes == 0 {
		return nil
	}
	return v.Store.SetLimit(v.context(), account, quota.Limit{Bytes: bytes})
}

// address puts the two halves together; one that is whole already stays.
func (f *form) address() string {
	if local := f.Text("local"); strings.Contains(local, "@") {
		return local
	}
	return f.Text("local") + "@" + f.Text("domain")
}

// addressProblem is the key of a text for what is wrong with an address.
func addressProblem(err error) string {
	switch {
	case errors.Is(err, directory.ErrReserved):
		return "people.address.reserved"
	case errors.Is(err, directory.ErrExists):
		return "people.address.taken"
	case errors.Is(err, directory.ErrNotOurs):
		return "people.address.foreign"
	case errors.Is(err, directory.ErrLoop):
		return "people.address.loop"
	}
	return "people.address.wrong"
}

// gigabytes writes a limit as it is typed: "" for the domain's, "0" for any.
func gigabytes(limit int64) string {
	switch {
	case limit == 0:
		return ""
	case limit < 0:
		return "0"
	}
	return strconv.FormatFloat(float64(limit)/1e9, 'f', -1, 64)
}

// limitText is a limit for the audit log, which is English.
func limitText(limit int64) string {
	switch {
	case limit == 0:
		return "as the domain has it"
	case limit < 0:
		return "any"
	}
	return gigabytes(limit) + " GB"
}

// parseGigabytes is the reverse; a comma will do for a point.
func parseGigabytes(text string) (limit int64, ok bool) {
	if text == "" {
		return 0, true
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(text, ",", "."), 64)
	if err != nil || f < 0 || f > 1e6 || f != f {
		return 0, false
	}
	if f == 0 {
		return quota.Unlimited, true
	}
	return max(int64(f*1e9), 1), true
}
