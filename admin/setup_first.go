package admin

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"letterbox/directory"
	"letterbox/store"
)

// setupCookie is of who gave the code.
const (
	setupCookie = "__Host-setup"
	setupLasts  = 24 * time.Hour
)

// settled reports whether somebody administers the appliance: then the code and
// its pages are gone.
func (v *visit) settled() (bool, error) {
	if v.Setup == nil {
		return true, nil
	}
	users, err := v.Directory.Users(v.context())
	for _, u := range users {
		if u.Role == "admin" {
			return true, nil
		}
	}
	return false, err
}

// newcomer is for the pages before there is an admin: they are for who gave the
// code.
func (v *visit) newcomer(page func() error) error {
	settled, err := v.settled()
	if err != nil {
		return err
	}
	if settled {
		return v.redirect("/guide")
	}
	cookie, err := v.r.Cookie(setupCookie)
	if err != nil || !v.Setup.knows(cookie.Value) {
		return v.redirect("/setup")
	}
	return page()
}

// setup asks for the code.
func (v *visit) setup() error {
	settled, err := v.settled()
	if err != nil {
		return err
	}
	if settled {
		return v.redirect("/guide")
	}
	if cookie, err := v.r.Cookie(setupCookie); err == nil && v.Setup.knows(cookie.Value) {
		return v.redirect("/setup/name")
	}
	return v.show(http.StatusOK, setupPage(v.page("", v.Say("setup.title")), blank(nil)))
}

func (v *visit) giveCode() error {
	f, err := v.form()
	if err != nil {
		return err
	}
	settled, err := v.settled()
	if err != nil {
		return err
	}
	if settled {
		return v.redirect("/guide")
	}
	token, wait := v.Setup.try(f.Text("code"), v.now)
	switch {
	case wait > 0:
		f.Reject("code", v.Say("setup.wait", v.Ago(v.now.Add(wait), v.now)))
	case token == "":
		f.Reject("code", v.Say("setup.wrong"))
	default:
		v.keep(setupCookie, token, setupLasts)
		return v.redirect("/setup/name")
	}
	v.Log.WarnContext(v.context(), "wrong set-up code", "remote", v.remote.String())
	return v.show(http.StatusUnprocessableEntity, setupPage(v.page("", v.Say("setup.title")), f))
}

// namePage asks for the domain and the name of the machine.
func (v *visit) namePage() error {
	return v.newcomer(func() error {
		domain, err := v.firstDomain()
		if err != nil {
			return err
		}
		hostname, _, err := v.Directory.Setting(v.context(), "config.hostname")
		if err != nil {
			return err
		}
		values := map[string]string{"domain": domain, "hostname": hostname}
		return v.show(http.StatusOK, namePage(v.page("", v.Say("setup.name.title")), blank(values), nil))
	})
}

// chooseName keeps both names. Whether they lead here already is shown, and
// stops nobody: the DNS comes later.
func (v *visit) chooseName() error {
	return v.newcomer(func() error {
		f, err := v.form()
		if err != nil {
			return err
		}
		domain := strings.ToLower(strings.TrimSuffix(f.Text("domain"), "."))
		hostname := strings.ToLower(strings.TrimSuffix(f.Text("hostname"), "."))
		if hostname == "" {
			hostname = "mail." + domain
			f.values.Set("hostname", hostname)
		}
		if _, err := directory.ParseAddress("postmaster@" + domain); err != nil || !strings.Contains(domain, ".") {
			f.Reject("domain", v.Say("domains.bad"))
		}
		if f.Good() {
			if err := v.Machine.Choose(v.context(), "hostname", hostname); err != nil {
				f.Reject("hostname", v.Say("setup.name.bad"))
			}
		}
		switch {
		case !f.Good():
			return v.show(http.StatusUnprocessableEntity, namePage(v.page("", v.Say("setup.name.title")), f, nil))
		case f.Text("do") == "check":
			seen, err := v.Machine.CheckName(v.context(), hostname)
			if err != nil {
				return err
			}
			return v.show(http.StatusOK, namePage(v.page("", v.Say("setup.name.title")), f, seen))
		}
		if err := v.takeDomain(domain); err != nil {
			return err
		}
		return v.redirect("/setup/you")
	})
}

// chosenDomain is the setting in which the domain stands that was chosen.
const chosenDomain = "setup.domain"

// takeDomain adds the domain, in place of one that was chosen before and that
// nobody lives in yet.
func (v *visit) takeDomain(domain string) error {
	before, err := v.firstDomain()
	if err != nil {
		return err
	}
	if before != "" && before != domain {
		err := v.Directory.RemoveDomain(v.context(), before)
		if err != nil && !errors.Is(err, directory.ErrNotEmpty) && !errors.Is(err, directory.ErrNotOurs) {
			return err
		}
	}
	if _, err := v.Directory.AddDomain(v.context(), domain); err != nil && !errors.Is(err, directory.ErrExists) {
		return err
	}
	if err := v.Directory.EnsureKeys(v.context(), domain); err != nil {
		return err
	}
	return v.Directory.SetSetting(v.context(), chosenDomain, domain)
}

// youPage asks who administers.
func (v *visit) youPage() error {
	return v.newcomer(func() error {
		domain, err := v.firstDomain()
		if err != nil {
			return err
		}
		if domain == "" {
			return v.redirect("/setup/name")
		}
		return v.show(http.StatusOK, youPage(v.page("", v.Say("setup.you.title")), blank(nil), domain))
	})
}

// firstDomain is the one that was chosen; "" for none yet.
func (v *visit) firstDomain() (string, error) {
	domain, _, err := v.Directory.Setting(v.context(), chosenDomain)
	return domain, err
}

// beAdmin makes the first account, ends the code, and signs its owner in. Then
// the appliance takes its new name.
func (v *visit) beAdmin() error {
	return v.newcomer(func() error {
		f, err := v.form()
		if err != nil {
			return err
		}
		domain, err := v.firstDomain()
		if err != nil {
			return err
		}
		if domain == "" {
			return v.redirect("/setup/name")
		}
		user, err := v.firstUser(f, domain)
		if err != nil {
			return err
		}
		if !f.Good() {
			return v.show(http.StatusUnprocessableEntity, youPage(v.page("", v.Say("setup.you.title")), f, domain))
		}
		v.Setup.end()
		v.forget(setupCookie)
		if err := v.begin(user); err != nil {
			return err
		}
		v.say(v.Say("setup.welcome", user.Address))
		err = v.redirect("/guide")
		v.Machine.BeginAnew()
		return err
	})
}

// firstUser adds the admin, or says in the form what is wrong.
func (v *visit) firstUser(f *form, domain string) (*directory.User, error) {
	switch {
	case f.Raw("password") == "":
		f.Reject("password", v.Say("setup.you.weak"))
		return nil, nil
	case f.Raw("password") != f.Raw("again"):
		f.Reject("again", v.Say("setup.you.differs"))
		return nil, nil
	}
	user, err := v.Directory.AddUser(v.context(), f.Text("local")+"@"+domain, f.Text("name"), f.Raw("password"))
	switch {
	case errors.Is(err, directory.ErrWeakPassword):
		f.Reject("password", v.Say("setup.you.weak"))
	case errors.Is(err, directory.ErrBadAddress), errors.Is(err, directory.ErrNotOurs):
		f.Reject("local", v.Say("setup.you.bad"))
	case errors.Is(err, directory.ErrExists):
		f.Reject("local", v.Say("setup.you.taken"))
	case err != nil:
		return nil, err
	}
	if !f.Good() {
		return nil, nil
	}
	if err := v.Store.EnsureAccount(v.context(), store.AccountID(user.ID)); err != nil {
		return nil, err
	}
	if err := v.Directory.SetLanguage(v.context(), user.Address, v.Tag()); err != nil {
		return nil, err
	}
	if err := v.Directory.SetRole(v.context(), user.Address, "admin"); err != nil {
		return nil, err
	}
	return v.Directory.User(v.context(), user.Address)
}
