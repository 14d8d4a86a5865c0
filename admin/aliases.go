package admin

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"letterbox/directory"
)

// aliasesPath is of the page of a domain's addresses, or of one of them.
func aliasesPath(domain string, local ...string) string {
	path := domainPath(domain) + "/addresses"
	for _, l := range local {
		path += "/" + url.PathEscape(l)
	}
	return path
}

// An aliasView is an address that leads to others.
type aliasView struct {
	directory.Alias
	Domain, Local string
}

// URL is of the page of the address.
func (a aliasView) URL() string { return aliasesPath(a.Domain, a.Local) }

// CatchAll reports whether it takes what nobody else does.
func (a aliasView) CatchAll() bool { return a.Local == "*" }

// aliasesOf lists those of the domain of the page.
func (v *visit) aliasesOf() (domain string, list []aliasView, err error) {
	found, err := v.Directory.Domain(v.context(), v.r.PathValue("domain"))
	if errors.Is(err, directory.ErrNotOurs) || errors.Is(err, directory.ErrBadAddress) {
		return "", nil, missing
	}
	if err != nil {
		return "", nil, err
	}
	all, err := v.Directory.Aliases(v.context())
	for _, a := range all {
		if local, ok := strings.CutSuffix(a.Address, "@"+found.Name); ok {
			list = append(list, aliasView{a, found.Name, local})
		}
	}
	return found.Name, list, err
}

// aliases lists the addresses of a domain that lead to others.
func (v *visit) aliases() error { return v.showAliases(http.StatusOK, blank(nil)) }

func (v *visit) showAliases(status int, f *form) error {
	domain, all, err := v.aliasesOf()
	if err != nil {
		return err
	}
	l := v.listing("address")
	rows := slices.DeleteFunc(slices.Clone(all), func(a aliasView) bool {
		return !l.Matches(append(a.Targets, a.Address)...)
	})
	slices.SortStableFunc(rows, func(a, b aliasView) int { return l.order(cmp.Compare(a.Local, b.Local)) })
	p := v.page("domains", v.Say("aliases.title", domain))
	return v.show(status, aliasesPage(p, domain, l, cut(l, rows), len(all), f))
}

// addAlias makes a new address; one that is there is changed on its own page, where
// one sees what it leads to.
func (v *visit) addAlias() error {
	domain, all, err := v.aliasesOf()
	if err != nil {
		return err
	}
	f, err := v.form()
	if err != nil {
		return err
	}
	a := directory.Alias{Address: strings.TrimSuffix(f.Text("local"), "@"+domain) + "@" + domain, Targets: strings.Fields(f.Text("targets"))}
	if slices.ContainsFunc(all, func(old aliasView) bool { return strings.EqualFold(old.Address, a.Address) }) {
		f.Reject("local", v.Say("people.address.taken"))
	}
	if err := v.setTargets(f, a); err != nil {
		return err
	}
	if !f.Good() {
		return v.showAliases(http.StatusUnprocessableEntity, f)
	}
	return v.done(aliasesPath(domain), "aliases.added", a.Address)
}

// setTargets lets an address lead where the form says, or rejects that.
func (v *visit) setTargets(f *form, a directory.Alias) error {
	if len(a.Targets) == 0 {
		f.Reject("targets", v.Say("aliases.bad.none"))
	}
	if !f.Good() {
		return nil
	}
	err := v.Directory.SetAlias(v.context(), a)
	target := (*directory.TargetError)(nil)
	switch {
	case errors.As(err, &target):
		f.Reject("targets", v.Say(targetProblem(err), target.Target))
	case errors.Is(err, directory.ErrTooMany):
		f.Reject("targets", v.Say("aliases.bad.many"))
	case errors.Is(err, directory.ErrExists), errors.Is(err, directory.ErrBadAddress):
		f.Reject("local", v.Say(addressProblem(err)))
	case err != nil:
		return err
	}
	return nil
}

func targetProblem(err error) string {
	switch {
	case errors.Is(err, directory.ErrNoSuchUser):
		return "aliases.bad.nobody"
	case errors.Is(err, directory.ErrLoop):
		return "aliases.bad.loop"
	}
	return "aliases.bad.address"
}

// alias is the address of the page.
func (v *visit) alias() (aliasView, error) {
	_, all, err := v.aliasesOf()
	if err != nil {
		return aliasView{}, err
	}
	for _, a := range all {
		if a.Local == v.r.PathValue("local") {
			return a, nil
		}
	}
	return aliasView{}, missing
}

// aliasPage shows where one leads.
func (v *visit) aliasPage() error {
	a, err := v.alias()
	if err != nil {
		return err
	}
	return v.showAlias(http.StatusOK, a, blank(map[string]string{"targets": strings.Join(a.Targets, "\n")}))
}

func (v *visit) showAlias(status int, a aliasView, f *form) error {
	return v.show(status, aliasForm(v.page("domains", a.Address), a, f))
}

// changeAlias lets it lead elsewhere, or removes it.
func (v *visit) changeAlias() error {
	a, err := v.alias()
	if err != nil {
		return err
	}
	f, err := v.form()
	if err != nil {
		return err
	}
	if f.Text("act") == "remove" {
		if err := v.Directory.SetAlias(v.context(), directory.Alias{Address: a.Address}); err != nil {
			return err
		}
		return v.done(aliasesPath(a.Domain), "aliases.removed", a.Address)
	}
	if err := v.setTargets(f, directory.Alias{Address: a.Address, Targets: strings.Fields(f.Text("targets"))}); err != nil {
		return err
	}
	if !f.Good() {
		return v.showAlias(http.StatusUnprocessableEntity, a, f)
	}
	return v.done(aliasesPath(a.Domain), "done.saved")
}
