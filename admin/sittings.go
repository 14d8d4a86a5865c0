package admin

import (
	"net/http"
	"strconv"

	"letterbox/directory"
)

// sitting is a browser in which somebody is signed in.
type sitting struct {
	directory.WebSession
	Here bool // this very one
}

// signIns is how many lines of the sign-in log are shown.
const signIns = 50

// sittings shows where the visitor is signed in, and was.
func (v *visit) sittings() error {
	open, err := v.Directory.WebSessions(v.context(), v.user.ID)
	if err != nil {
		return err
	}
	log, err := v.Directory.SignIns(v.context(), v.user.Address, signIns)
	if err != nil {
		return err
	}
	rows := make([]sitting, len(open))
	for i, s := range open {
		rows[i] = sitting{s, s.ID == v.session.ID}
	}
	return v.show(http.StatusOK, sittingsPage(v.page("me", v.Say("sittings.title")), rows, v.programs(), log))
}

// endSitting signs a browser out; the present one by way of signing out.
func (v *visit) endSitting() error {
	f, err := v.form()
	if err != nil {
		return err
	}
	id, err := strconv.ParseInt(f.Raw("id"), 10, 64)
	if err != nil {
		return missing
	}
	if err := v.Directory.EndWebSession(v.context(), v.user, id); err != nil {
		return err
	}
	return v.done("/me/sessions", "sittings.ended")
}
