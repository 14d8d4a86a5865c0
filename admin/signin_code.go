package admin

import "net/http"

// codePage is for who came by its address: without the password first there is
// nothing to show a code for.
func (v *visit) codePage() error { return v.redirect("/signin") }

// askCode asks for the second factor of who has just shown the password.
func (v *visit) askCode(status int, f *form, ticket string) error {
	return v.show(status, codePage(v.page("", v.Say("code.title")), f, ticket))
}

// signInByCode takes a code from the app, or a recovery code.
func (v *visit) signInByCode() error {
	f, err := v.form()
	if err != nil {
		return err
	}
	user, err := v.Directory.SecondFactor(v.context(), v.peer(), f.Raw("ticket"), f.Text("code"))
	if err != nil {
		if err := v.rejectSignIn(f, "code", err); err != nil {
			return err
		}
		return v.askCode(http.StatusUnprocessableEntity, f, f.Raw("ticket"))
	}
	if err := v.begin(user); err != nil {
		return err
	}
	return v.redirect(f.Raw("to"))
}
