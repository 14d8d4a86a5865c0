package admin

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"letterbox/directory"
	"letterbox/store"
	"letterbox/telemetry"
)

// target is the user whom a page is about. Whoever changes something may do so
// to people of no more than their own standing: a helper who could give an admin
// a new password would be one. See (*visit).mayChange.
func (v *visit) target() (*directory.User, error) {
	id, err := strconv.ParseInt(v.r.PathValue("id"), 10, 64)
	if err != nil {
		return nil, missing
	}
	user, err := v.Directory.UserByID(v.context(), id)
	if err != nil {
		return nil, err
	}
	if v.r.Method == http.MethodPost && !mayChange(v.user, user) {
		return nil, &refusal{http.StatusForbidden, "refused.role"}
	}
	return user, nil
}

// mayChange reports whether somebody may change things of another user.
func mayChange(actor, user *directory.User) bool {
	return admin.admits(actor) || helper.admits(actor) && user.Role == ""
}

// personURL is the page of a user, and what is beneath it.
func personURL(u *directory.User, beneath ...string) string {
	return "/people/" + strings.Join(append([]string{strconv.FormatInt(u.ID, 10)}, beneath...), "/")
}

// A portrait is all that the page of a person shows.
type portrait struct {
	*directory.User
	Full      fullness
	OwnLimit  int64 // bytes, as set: 0 the domain's, below 0 any
	Addresses []string
	SignIns   []directory.Event
	Browsers  []directory.WebSession
	Programs  []telemetry.Glance
	Leaves    time.Time // to be removed then; zero: stays
	Members   []member  // of a team
	MayChange bool
	Factors   bool
}

// signInsShown is how far back the page of a person goes.
const signInsShown = 20

func (v *visit) personPage() error {
	user, err := v.target()
	if err != nil {
		return err
	}
	shown, err := v.portrait(user)
	if err != nil {
		return err
	}
	return v.showPerson(http.StatusOK, shown, blank(map[string]string{
		"name": user.Name, "quota": gigabytes(shown.OwnLimit), "role": user.Role,
	}))
}

func (v *visit) showPerson(status int, shown *portrait, f *form) error {
	title := shown.Name
	if title == "" {
		title = shown.Address
	}
	return v.show(status, personView(v.page("people", title), shown, f))
}

func (v *visit) portrait(user *directory.User) (*portrait, error) {
	ctx, account := v.context(), store.AccountID(user.ID)
	shown := &portrait{User: user, MayChange: mayChange(v.user, user)}
	if err := v.Store.EnsureAccount(ctx, account); err != nil {
		return nil, err
	}
	usage, limit, err := v.Store.Usage(ctx, account)
	if err != nil {
		return nil, err
	}
	own, err := v.Store.OwnLimit(ctx, account)
	if err != nil {
		return nil, err
	}
	shown.Full, shown.OwnLimit = fullness{usage, limit}, own.Bytes
	if shown.Addresses, err = v.addressesOf(user); err != nil {
		return nil, err
	}
	if user.Team {
		shown.Members, err = v.members(user)
		return shown, err
	}
	return shown, v.portrayAccess(shown)
}

// portrayAccess adds how and from where the person comes here.
func (v *visit) portrayAccess(shown *portrait) (err error) {
	ctx := v.context()
	if shown.SignIns, err = v.Directory.SignIns(ctx, shown.Address, signInsShown); err != nil {
		return err
	}
	if shown.Browsers, err = v.Directory.WebSessions(ctx, shown.ID); err != nil {
		return err
	}
	factors, err := v.Directory.SecondFactors(ctx, shown.ID)
	if err != nil {
		return err
	}
	shown.Factors = factors.Any()
	shown.Programs = slices.DeleteFunc(v.Telemetry.Sessions(), func(g telemetry.Glance) bool { return g.Who.Account != shown.ID })
	leavers, err := v.Directory.Leavers(ctx)
	for _, l := range leavers {
		if l.ID == shown.ID {
			shown.Leaves = l.Due
		}
	}
	return err
}

// addressesOf lists the aliases that lead straight to a user.
func (v *visit) addressesOf(user *directory.User) (list []string, err error) {
	aliases, err := v.Directory.Aliases(v.context())
	for _, a := range aliases {
		if slices.Contains(a.Targets, user.Address) {
			list = append(list, a.Address)
		}
	}
	return list, err
}

// changePerson sets name and quota.
func (v *visit) changePerson() error {
	user, err := v.target()
	if err != nil {
		return err
	}
	f, err := v.form()
	if err != nil {
		return err
	}
	limit, err := v.Store.OwnLimit(v.context(), store.AccountID(user.ID))
	if err != nil {
		return err
	}
	bytes, ok := parseGigabytes(f.Text("quota"))
	if !ok {
		f.Reject("quota", v.Say("person.quota.wrong"))
	}
	if f.Good() {
		if err := v.Directory.SetName(v.context(), user.Address, f.Text("name")); err != nil {
			f.Reject("name", v.Say("people.name.wrong"))
		}
	}
	if !f.Good() {
		shown, err := v.portrait(user)
		if err != nil {
			return err
		}
		return v.showPerson(http.StatusUnprocessableEntity, shown, f)
	}
	if bytes != limit.Bytes {
		limit.Bytes = bytes
		if err := v.Store.SetLimit(v.context(), store.AccountID(user.ID), limit); err != nil {
			return err
		}
		e := directory.Event{Action: "user.quota", Subject: user.Address, Detail: limitText(bytes)}
		if err := v.Directory.Record(v.context(), e); err != nil {
			return err
		}
	}
	return v.done(personURL(user), "done.saved")
}

// setDisabled locks out or lets in again.
func (v *visit) setDisabled() error {
	user, err := v.target()
	if err != nil {
		return err
	}
	off := v.r.PostFormValue("disabled") == "yes"
	if off && user.ID == v.user.ID {
		return &refusal{http.StatusConflict, "refused.oneself"}
	}
	if err := v.Directory.SetDisabled(v.context(), user.Address, off); err != nil {
		return err
	}
	if off {
		return v.done(personURL(user), "done.disabled", user.Address)
	}
	return v.done(personURL(user), "done.enabled", user.Address)
}

// endSessions signs the person out everywhere: browsers and mail programs, which
// come back by themselves where they know the password.
func (v *visit) endSessions() error {
	user, err := v.target()
	if err != nil {
		return err
	}
	browsers, err := v.Directory.WebSessions(v.context(), user.ID)
	if err != nil {
		return err
	}
	for _, b := range browsers {
		if err := v.Directory.EndWebSession(v.context(), user, b.ID); err != nil {
			return err
		}
	}
	n := v.Telemetry.Kick(func(g telemetry.Glance) bool { return g.Who.Account == user.ID })
	e := directory.Event{Action: "session.kick", Subject: user.Address, Detail: strconv.Itoa(n + len(browsers))}
	if err := v.Directory.Record(v.context(), e); err != nil {
		return err
	}
	return v.done(personURL(user), "done.kicked", n+len(browsers))
}

// addAddress gives a user one more address.
func (v *visit) addAddress() error {
	user, err := v.target()
	if err != nil {
		return err
	}
	f, err := v.form()
	if err != nil {
		return err
	}
	if err := v.Directory.AddAlias(v.context(), f.Text("address"), user.Address); err != nil {
		f.Reject("address", v.Say(addressProblem(err)))
		shown, err := v.portrait(user)
		if err != nil {
			return err
		}
		f.values.Set("name", user.Name)
		f.values.Set("quota", gigabytes(shown.OwnLimit))
		return v.showPerson(http.StatusUnprocessableEntity, shown, f)
	}
	return v.done(personURL(user), "done.saved")
}

func (v *visit) removeAddress() error {
	user, err := v.target()
	if err != nil {
		return err
	}
	if err := v.Directory.RemoveAlias(v.context(), v.r.PostFormValue("address"), user.Address); err != nil {
		return err
	}
	return v.done(personURL(user), "done.saved")
}

// setRole is for admins alone; nobody takes their own role away, so that there is
// always somebody left.
func (v *visit) setRole() error {
	user, err := v.target()
	if err != nil {
		return err
	}
	if user.ID == v.user.ID {
		return &refusal{http.StatusConflict, "refused.oneself"}
	}
	role := v.r.PostFormValue("role")
	if !slices.Contains(roleNames, role) {
		return missing
	}
	if err := v.Directory.SetRole(v.context(), user.Address, role); err != nil {
		return err
	}
	return v.done(personURL(user), "done.saved")
}

var roleNames = []string{"", "helper", "auditor", "admin"}
