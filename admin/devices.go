package admin

import (
	"errors"
	"net/http"
	"strconv"

	"letterbox/directory"
	"letterbox/discover"
)

// devices lists app passwords, and has the form for another.
func (v *visit) devices() error {
	return v.showDevices(http.StatusOK, blank(map[string]string{"imap": "on", "submission": "on"}))
}

func (v *visit) showDevices(status int, f *form) error {
	all, err := v.Directory.AppPasswords(v.context(), v.user.ID)
	if err != nil {
		return err
	}
	factors, err := v.Directory.SecondFactors(v.context(), v.user.ID)
	if err != nil {
		return err
	}
	return v.show(status, devicesPage(v.page("me", v.Say("devices.title")), f, all, factors.Any(), v.Reach != nil))
}

// addDevice makes an app password and shows it, this once.
func (v *visit) addDevice() error {
	f, err := v.form()
	if err != nil {
		return err
	}
	profile := f.Raw("as") == "profile" && v.Reach != nil
	scopes := scopesOf(f, profile)
	if len(scopes) == 0 {
		f.Reject("imap", v.Say("devices.nothing"))
		return v.showDevices(http.StatusUnprocessableEntity, f)
	}
	secret, made, err := v.Directory.AddAppPassword(v.context(), v.user.Address, f.Text("name"), scopes...)
	switch {
	case errors.Is(err, directory.ErrBadName):
		f.Reject("name", v.Say("devices.unnamed"))
	case errors.Is(err, directory.ErrTooManyAppPasswords):
		f.Reject("name", v.Say("devices.many"))
	case err != nil:
		return err
	}
	switch {
	case !f.Good():
		return v.showDevices(http.StatusUnprocessableEntity, f)
	case profile:
		return v.sendProfile(secret)
	}
	code, err := newQR(secret)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, newDevicePage(v.page("me", v.Say("devices.made", made.Name)), secret, code))
}

func scopesOf(f *form, profile bool) (scopes []string) {
	for _, scope := range []string{directory.ScopeIMAP, directory.ScopeSubmission} {
		if profile || f.Checked(scope) {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

// sendProfile sets an Apple device up, password included.
func (v *visit) sendProfile(secret string) error {
	profile, err := v.Reach.Profile(discover.Person{Address: v.user.Address, Name: v.user.Name, Password: secret})
	if err != nil {
		return err
	}
	discover.WriteProfile(v.w, profile)
	return nil
}

func (v *visit) revokeDevice() error {
	f, err := v.form()
	if err != nil {
		return err
	}
	id, err := strconv.ParseInt(f.Raw("id"), 10, 64)
	if err != nil {
		return missing
	}
	err = v.Directory.RevokeAppPassword(v.context(), v.user.Address, id)
	if errors.Is(err, directory.ErrNoSuchAppPassword) {
		return missing
	}
	if err != nil {
		return err
	}
	return v.done("/me/devices", "devices.revoked")
}
