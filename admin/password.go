package admin

import (
	"errors"
	"net/http"

	"letterbox/directory"
)

func (v *visit) passwordPage() error {
	return v.show(http.StatusOK, passwordPage(v.page("me", v.Say("password.title")), blank(nil)))
}

// changePassword asks for the old one in the same form. Every other browser and
// mail program that used it has to sign in anew.
func (v *visit) changePassword() error {
	f, err := v.form()
	if err != nil {
		return err
	}
	if err := v.newPassword(f); err != nil {
		return err
	}
	if f.Good() {
		if err := v.confirm(f, "current", f.Raw("current")); err != nil {
			return err
		}
	}
	if f.Good() {
		err := v.Directory.SetPassword(v.context(), v.user.Address, f.Raw("new"))
		if !v.weak(f, err) && err != nil {
			return err
		}
	}
	if !f.Good() {
		return v.show(http.StatusUnprocessableEntity, passwordPage(v.page("me", v.Say("password.title")), f))
	}
	if err := v.begin(v.user); err != nil {
		return err
	}
	return v.done("/me", "password.done")
}

// newPassword looks at what was typed twice.
func (v *visit) newPassword(f *form) error {
	switch {
	case f.Raw("new") == "":
		f.Reject("new", v.Say("password.none"))
	case f.Raw("new") != f.Raw("again"):
		f.Reject("again", v.Say("password.differ"))
	}
	return nil
}

// weak puts the error for a password that is guessed first into the form.
func (v *visit) weak(f *form, err error) bool {
	if !errors.Is(err, directory.ErrWeakPassword) {
		return false
	}
	f.Reject("new", v.Say("password.weak"))
	return true
}

// confirm checks the password of who is signed in, and puts what is wrong into the
// form.
func (v *visit) confirm(f *form, name, password string) error {
	err := v.Directory.Confirm(v.context(), v.peer(), v.user, password)
	if err == nil {
		return nil
	}
	return v.rejectSignIn(f, name, err)
}

// rejectSignIn puts into the form why somebody did not sign in; what it does not
// know comes back.
func (v *visit) rejectSignIn(f *form, name string, err error) error {
	var throttled *directory.ThrottledError
	switch {
	case errors.As(err, &throttled):
		f.Reject(name, v.Say("signin.throttled", v.Ago(v.now.Add(throttled.RetryAfter), v.now)))
	case errors.Is(err, directory.ErrBadCredentials):
		f.Reject(name, v.Say("signin.wrong"))
	case errors.Is(err, directory.ErrScope):
		f.Reject(name, v.Say("signin.scope"))
	case errors.Is(err, directory.ErrDisabled):
		f.Reject(name, v.Say("signin.disabled"))
	case errors.Is(err, directory.ErrBadCode):
		f.Reject(name, v.Say("code.wrong"))
	default:
		return err
	}
	return nil
}

// peer is the visitor as the directory wants to know them.
func (v *visit) peer() directory.Peer {
	return directory.Peer{Protocol: "web", Remote: v.remote, TLS: true}
}

// toPassword is where password managers send people to (RFC 8615 registers the
// path: change-password).
func (v *visit) toPassword() error { return v.redirect("/me/password") }
