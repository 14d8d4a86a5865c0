package admin

import (
	"net/http"
	"time"

	"letterbox/directory"
)

// leaveAfter is how long somebody who was removed can still be kept.
const leaveAfter = 14 * 24 * time.Hour

// A handover is something that is shown once, for somebody else.
type handover struct {
	User   *directory.User
	Lead   string
	Secret string
	Until  time.Time // zero: it does not end
}

// handOver shows it. It is not in the address of any page and in no log.
func (v *visit) handOver(h handover) error {
	return v.show(http.StatusOK, handoverView(v.page("people", h.User.Address), h))
}

// inviteUser makes a link by which the person chooses a password.
func (v *visit) inviteUser(user *directory.User) error {
	token, until, err := v.Directory.Invite(v.context(), user.Address)
	if err != nil {
		return err
	}
	return v.handOver(handover{user, v.Say("handover.link"), v.Link(directory.InvitationPath + token), until})
}

// resetPage offers a link, with which the person chooses a password, or a password
// that is made up.
func (v *visit) resetPage() error {
	user, err := v.target()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, resetView(v.page("people", v.Say("person.reset.title")), user))
}

func (v *visit) resetPassword() error {
	user, err := v.target()
	if err != nil {
		return err
	}
	if v.r.PostFormValue("way") == "link" {
		return v.inviteUser(user)
	}
	password := directory.GeneratePassword()
	if err := v.Directory.SetPassword(v.context(), user.Address, password); err != nil {
		return err
	}
	return v.handOver(handover{User: user, Lead: v.Say("handover.password"), Secret: password})
}

// removePage says what would be lost.
func (v *visit) removePage() error {
	user, err := v.target()
	if err != nil {
		return err
	}
	return v.showRemoval(http.StatusOK, user, blank(nil))
}

func (v *visit) showRemoval(status int, user *directory.User, f *form) error {
	shown, err := v.portrait(user)
	if err != nil {
		return err
	}
	c := confirmation{
		Path: personURL(user, "remove"), Back: personURL(user), Word: user.Address, Error: f.errors["word"],
		Act: v.Say("person.removal.act"),
		Loss: []string{
			v.Say("person.removal.mail", v.Size(shown.Full.Bytes), shown.Full.Messages),
			v.Say("person.removal.addresses", len(shown.Addresses)+1),
			v.Say("person.removal.wait", v.Date(v.now.Add(leaveAfter))),
		},
	}
	return v.show(status, removalView(v.page("people", v.Say("person.removal.title", user.Address)), c))
}

// removePerson locks out at once and removes later.
func (v *visit) removePerson() error {
	user, err := v.target()
	if err != nil {
		return err
	}
	f, err := v.form()
	if err != nil {
		return err
	}
	if user.ID == v.user.ID {
		return &refusal{http.StatusConflict, "refused.oneself"}
	}
	if !f.confirms(v.Language, user.Address) {
		return v.showRemoval(http.StatusUnprocessableEntity, user, f)
	}
	due, err := v.Directory.Leave(v.context(), user.Address, leaveAfter)
	if err != nil {
		return err
	}
	return v.done(personURL(user), "done.leaves", user.Address, v.Date(due))
}

// keepPerson undoes that.
func (v *visit) keepPerson() error {
	user, err := v.target()
	if err != nil {
		return err
	}
	if err := v.Directory.Stay(v.context(), user.Address); err != nil {
		return err
	}
	return v.done(personURL(user), "done.stays", user.Address)
}

// factorPage asks before a second factor is taken away.
func (v *visit) factorPage() error {
	user, err := v.target()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, factorView(v.page("people", v.Say("person.secondfactor.reset")), user))
}

// rolePage says what each role may do.
func (v *visit) rolePage() error {
	user, err := v.target()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, roleView(v.page("people", v.Say("person.roles.change")), user))
}

// resetFactors is for somebody who lost telephone and recovery codes.
func (v *visit) resetFactors() error {
	user, err := v.target()
	if err != nil {
		return err
	}
	if err := v.Directory.ResetSecondFactor(v.context(), user.Address); err != nil {
		return err
	}
	return v.done(personURL(user), "done.saved")
}
