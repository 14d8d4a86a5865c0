package admin

import (
	"errors"
	"net/http"

	"letterbox/directory"
)

// invitationPage lets who was invited choose their password.
func (v *visit) invitationPage() error { return v.showInvitation(http.StatusOK, blank(nil)) }

func (v *visit) showInvitation(status int, f *form) error {
	user, err := v.Directory.Invited(v.context(), v.r.PathValue("token"))
	if err != nil {
		return badInvitation(err)
	}
	return v.show(status, invitationPage(v.page("", v.Say("invitation.title")), f, user.Address, v.r.URL.EscapedPath()))
}

func badInvitation(err error) error {
	if errors.Is(err, directory.ErrBadInvitation) || errors.Is(err, directory.ErrDisabled) {
		return &refusal{http.StatusGone, "refused.invitation"}
	}
	return err
}

func (v *visit) acceptInvitation() error {
	f, err := v.form()
	if err != nil {
		return err
	}
	if err := v.newPassword(f); err != nil {
		return err
	}
	var invited *directory.User
	if f.Good() {
		invited, err = v.Directory.AcceptInvitation(v.context(), v.r.PathValue("token"), f.Raw("new"))
		if !v.weak(f, err) && err != nil {
			return badInvitation(err)
		}
	}
	if !f.Good() {
		return v.showInvitation(http.StatusUnprocessableEntity, f)
	}
	factors, err := v.Directory.SecondFactors(v.context(), invited.ID)
	if err != nil {
		return err
	}
	if factors.Any() {
		return v.done("/signin", "password.done")
	}
	if err := v.begin(invited); err != nil {
		return err
	}
	return v.redirect("/me/connect")
}
