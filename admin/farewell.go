package admin

import (
	"net/http"
	"time"
)

// farewellTime is how long somebody who leaves can come back.
const farewellTime = 14 * 24 * time.Hour

func (v *visit) farewellPage() error { return v.showFarewell(http.StatusOK, blank(nil)) }

func (v *visit) showFarewell(status int, f *form) error {
	full, err := v.fullness()
	if err != nil {
		return err
	}
	days := int(farewellTime / (24 * time.Hour))
	return v.show(status, farewellPage(v.page("me", v.Say("farewell.title")), confirmation{
		Path: "/me/farewell",
		Loss: []string{
			v.Say("farewell.mail", full.Messages, v.Size(full.Bytes)),
			v.Say("farewell.address", v.user.Address),
			v.Say("farewell.wait", days),
		},
		Word: v.user.Address, Error: f.errors["word"], Act: v.Say("farewell.act"), Back: "/me",
	}))
}

// farewell locks the visitor out at once; their mail goes later.
func (v *visit) farewell() error {
	f, err := v.form()
	if err != nil {
		return err
	}
	f.confirms(v.Language, v.user.Address)
	only, err := v.onlyAdmin()
	if err != nil {
		return err
	}
	if only {
		f.Reject("word", v.Say("farewell.only"))
	}
	if !f.Good() {
		return v.showFarewell(http.StatusUnprocessableEntity, f)
	}
	due, err := v.Directory.Leave(v.context(), v.user.Address, farewellTime)
	if err != nil {
		return err
	}
	v.forget(sessionCookie)
	return v.show(http.StatusOK, farewellDonePage(v.page("", v.Say("farewell.title")), due))
}

// onlyAdmin reports whether nobody else could look after this appliance.
func (v *visit) onlyAdmin() (bool, error) {
	if v.user.Role != "admin" {
		return false, nil
	}
	users, err := v.Directory.Users(v.context())
	for _, u := range users {
		if u.Role == "admin" && !u.Disabled && u.ID != v.user.ID {
			return false, err
		}
	}
	return true, err
}
