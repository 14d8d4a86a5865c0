package admin

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"letterbox/directory"
	"letterbox/doctor"
	"letterbox/store"
)

// A stepView is one step of the guide.
type stepView struct {
	Key, Path string
	State     string // as icon.templ draws it; "off" for not begun
}

// A guideView is how far the setting up is. Each step can be left and come back
// to, as what was done is read from where it was done.
type guideView struct {
	Steps   []stepView
	Results []doctor.Result
	Domain  string
}

// guide shows what is left to do.
func (v *visit) guide() error {
	g, err := v.progress()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, guidePage(v.page("overview", v.Say("guide.title")), g))
}

// guideDomain is the domain that was chosen at the beginning; where there was an
// admin from the start, theirs.
func (v *visit) guideDomain() (string, error) {
	domain, err := v.firstDomain()
	if domain == "" {
		_, domain, _ = strings.Cut(v.user.Address, "@")
	}
	return domain, err
}

func (v *visit) progress() (*guideView, error) {
	checkup, err := v.Machine.Checkup(v.context(), false)
	if err != nil {
		return nil, err
	}
	users, err := v.Directory.Users(v.context())
	if err != nil {
		return nil, err
	}
	domain, err := v.guideDomain()
	if err != nil {
		return nil, err
	}
	test, err := v.testMail()
	if err != nil {
		return nil, err
	}
	g := &guideView{Results: checkup.Results, Domain: domain}
	people := "off"
	if len(users) > 1 {
		people = "good"
	}
	g.Steps = []stepView{
		{"people", "/guide/people", people},
		{"dns", "/guide/dns", g.worst(dnsChecks...)},
		{"reach", "/guide/reach", g.worst(reachChecks...)},
		{"snapshots", "/guide/snapshots", g.worst("snapshots")},
		{"mail", "/guide/mail", test.state()},
	}
	return g, nil
}

// What the steps look at.
var (
	dnsChecks   = []string{"address", "ptr", "mx", "spf", "dkim", "dmarc", "mtasts", "tlsrpt", "programs", "caa", "tlsa"}
	reachChecks = []string{"hostname", "listener", "outside", "outbound", "openrelay", "certificate"}
)

// of are the results of some checks.
func (g *guideView) of(checks ...string) []doctor.Result {
	return slices.DeleteFunc(slices.Clone(g.Results), func(r doctor.Result) bool { return !slices.Contains(checks, r.Check) })
}

func (g *guideView) worst(checks ...string) string {
	return stateKind(doctor.Worst(g.of(checks...)))
}

// left counts the steps that are not done.
func (g *guideView) left() (n int) {
	for _, s := range g.Steps {
		if s.State != "good" {
			n++
		}
	}
	return n
}

// next is the path of the step after one, at the end the guide.
func next(key string) string {
	keys := []string{"people", "dns", "reach", "snapshots", "mail"}
	if i := slices.Index(keys, key); i >= 0 && i+1 < len(keys) {
		return "/guide/" + keys[i+1]
	}
	return "/guide"
}

// A newcomerView is somebody who was just added, with the password to hand over.
type newcomerView struct{ Address, Password string }

func (v *visit) guidePeople() error { return v.showGuidePeople(http.StatusOK, blank(nil), nil) }

func (v *visit) showGuidePeople(status int, f *form, added *newcomerView) error {
	users, err := v.Directory.Users(v.context())
	if err != nil {
		return err
	}
	domain, err := v.guideDomain()
	if err != nil {
		return err
	}
	return v.show(status, guidePeoplePage(v.page("overview", v.Say("guide.people")), f, users, added, domain))
}

// guideAddPerson adds somebody with a password that is shown once.
func (v *visit) guideAddPerson() error {
	f, err := v.form()
	if err != nil {
		return err
	}
	domain, err := v.guideDomain()
	if err != nil {
		return err
	}
	added := &newcomerView{f.Text("local") + "@" + domain, directory.GeneratePassword()}
	user, err := v.Directory.AddUser(v.context(), added.Address, f.Text("name"), added.Password)
	switch {
	case errors.Is(err, directory.ErrBadAddress), errors.Is(err, directory.ErrNotOurs):
		f.Reject("local", v.Say("setup.you.bad"))
	case errors.Is(err, directory.ErrExists):
		f.Reject("local", v.Say("setup.you.taken"))
	case err != nil:
		return err
	}
	if !f.Good() {
		return v.showGuidePeople(http.StatusUnprocessableEntity, f, nil)
	}
	if err := v.Store.EnsureAccount(v.context(), store.AccountID(user.ID)); err != nil {
		return err
	}
	return v.showGuidePeople(http.StatusOK, blank(nil), added)
}

// guideDNS shows the records to publish, and which of them are there.
func (v *visit) guideDNS() error {
	g, err := v.progress()
	if err != nil {
		return err
	}
	list, err := v.Machine.Published(v.context(), g.Domain)
	if err != nil {
		return err
	}
	checkup, err := v.Machine.Checkup(v.context(), false)
	if err != nil {
		return err
	}
	d, err := v.domainView(g.Domain, checkup, list)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, guideDNSPage(v.page("overview", v.Say("guide.dns")), g, d))
}

// guideReach shows who reaches whom.
func (v *visit) guideReach() error {
	g, err := v.progress()
	if err != nil {
		return err
	}
	checkup, err := v.Machine.Checkup(v.context(), false)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, guideReachPage(v.page("overview", v.Say("guide.reach")), g, checkup))
}

// guideExamine looks at everything again and comes back to the step.
func (v *visit) guideExamine() error {
	f, err := v.form()
	if err != nil {
		return err
	}
	if _, err := v.Machine.Checkup(v.context(), true); err != nil {
		return err
	}
	return v.done(f.Raw("to"), "health.again")
}

// guideSnapshots asks where snapshots go.
func (v *visit) guideSnapshots() error {
	target := ""
	for _, address := range v.Machine.Plan.Targets {
		target = address
	}
	return v.showGuideSnapshots(http.StatusOK, blank(map[string]string{"target": target}))
}

func (v *visit) showGuideSnapshots(status int, f *form) error {
	g, err := v.progress()
	if err != nil {
		return err
	}
	return v.show(status, guideSnapshotsPage(v.page("overview", v.Say("guide.snapshots")), g, f, v.Machine.Plan.Targets))
}

// chooseTarget keeps another place for snapshots, beside the one in the data
// folder, which helps against mistakes.
func (v *visit) chooseTarget() error {
	f, err := v.form()
	if err != nil {
		return err
	}
	target := f.Text("target")
	if target == "" {
		f.Reject("target", v.Say("guide.places.empty"))
	} else if err := v.Machine.TryTarget(v.context(), target); err != nil {
		f.Reject("target", v.Say("guide.places.bad", err.Error()))
	}
	if !f.Good() {
		return v.showGuideSnapshots(http.StatusUnprocessableEntity, f)
	}
	if err := v.Machine.Choose(v.context(), "snapshot.target", "snapshots, "+target); err != nil {
		f.Reject("target", v.Say("guide.places.bad", err.Error()))
		return v.showGuideSnapshots(http.StatusUnprocessableEntity, f)
	}
	err = v.done("/guide/mail", "guide.places.kept")
	v.Machine.BeginAnew()
	return err
}
