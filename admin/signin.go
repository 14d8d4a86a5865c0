package admin

import (
	"net/http"

	"letterbox/directory"
)

// start leads everybody to where they begin.
func (v *visit) start() error {
	settled, err := v.settled()
	switch {
	case err != nil:
		return err
	case v.user == nil && !settled:
		return v.redirect("/setup")
	case v.user == nil:
		return v.redirect("/signin")
	case see.admits(v.user) && v.mayAdminister():
		return v.redirect("/overview")
	case seePeople.admits(v.user) && v.mayAdminister():
		return v.redirect("/people")
	}
	return v.redirect("/me")
}

func (v *visit) signInPage() error {
	if v.user != nil {
		return v.redirect(v.r.URL.Query().Get("to"))
	}
	f := blank(map[string]string{"to": v.r.URL.Query().Get("to")})
	return v.show(http.StatusOK, signInPage(v.page("", v.Say("signin.title")), f))
}

// signIn checks the password where mail programs' are checked, so that a guesser
// gains nothing by going from door to door.
func (v *visit) signIn() error {
	f, err := v.form()
	if err != nil {
		return err
	}
	user, ticket, err := v.Directory.FirstFactor(v.context(), v.peer(), f.Text("user"), f.Raw("password"))
	if err != nil {
		if err := v.rejectSignIn(f, "password", err); err != nil {
			return err
		}
		return v.show(http.StatusUnprocessableEntity, signInPage(v.page("", v.Say("signin.title")), f))
	}
	if ticket != "" {
		return v.askCode(http.StatusOK, f, ticket)
	}
	if err := v.begin(user); err != nil {
		return err
	}
	return v.redirect(f.Raw("to"))
}

// begin signs a browser in with a session of its own: one that it brought along
// ends, so that nobody can give a visitor a session that they know.
func (v *visit) begin(user *directory.User) error {
	if v.session != nil {
		if err := v.Directory.EndWebSession(v.context(), v.user, v.session.ID); err != nil {
			return err
		}
	}
	token, err := v.Directory.NewWebSession(v.context(), user, v.remote, v.r.UserAgent())
	if err != nil {
		return err
	}
	v.keep(sessionCookie, token, sessionLasts)
	return nil
}

func (v *visit) signOut() error {
	if v.session != nil {
		if err := v.Directory.EndWebSession(v.context(), v.user, v.session.ID); err != nil {
			return err
		}
	}
	v.forget(sessionCookie)
	return v.redirect("/signin")
}
