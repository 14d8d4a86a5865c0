package admin

import "net/http"

// proofPage asks for the password once more.
func (v *visit) proofPage() error {
	f := blank(map[string]string{"to": v.r.URL.Query().Get("to")})
	return v.show(http.StatusOK, proofPage(v.page("", v.Say("proof.title")), f))
}

func (v *visit) prove() error {
	f, err := v.form()
	if err != nil {
		return err
	}
	if err := v.confirm(f, "password", f.Raw("password")); err != nil {
		return err
	}
	if !f.Good() {
		return v.show(http.StatusUnprocessableEntity, proofPage(v.page("", v.Say("proof.title")), f))
	}
	token, err := v.Directory.ProveWebSession(v.context(), v.session.ID)
	if err != nil {
		return err
	}
	v.keep(sessionCookie, token, sessionLasts)
	return v.redirect(f.Raw("to"))
}
