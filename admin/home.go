package admin

import (
	"net/http"

	"letterbox/directory"
)

// A homeState is what the page for oneself says of each errand.
type homeState struct {
	Full    fullness
	Devices int // app passwords
	Factors directory.SecondFactors
	Sitting int // browsers that are signed in
	Connect bool

	Vacation directory.Vacation
	Forward  directory.Forward
}

// home is where everybody looks after what is theirs.
func (v *visit) home() error {
	full, err := v.fullness()
	if err != nil {
		return err
	}
	is := homeState{Full: full, Connect: v.Reach != nil}
	devices, err := v.Directory.AppPasswords(v.context(), v.user.ID)
	if err != nil {
		return err
	}
	if is.Factors, err = v.Directory.SecondFactors(v.context(), v.user.ID); err != nil {
		return err
	}
	if is.Vacation, err = v.Directory.Vacation(v.context(), v.user.ID); err != nil {
		return err
	}
	if is.Forward, err = v.Directory.ForwardOf(v.context(), v.user.ID); err != nil {
		return err
	}
	sittings, err := v.Directory.WebSessions(v.context(), v.user.ID)
	if err != nil {
		return err
	}
	is.Devices, is.Sitting = len(devices), len(sittings)
	return v.show(http.StatusOK, homePage(v.page("me", v.Say("home.title")), is))
}
