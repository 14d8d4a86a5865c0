package admin

import (
	"net/http"
	"strings"
	"time"

	"letterbox/directory"
)

// auditLooked is how many lines back the log is searched.
const auditLooked = 20_000

// auditLog shows who did what. Sign-ins are left out unless they are asked for:
// there are many.
func (v *visit) auditLog() error {
	events, err := v.Directory.Audit(v.context(), time.Time{}, auditLooked)
	if err != nil {
		return err
	}
	l := v.listing("when")
	var shown []directory.Event
	for _, e := range events {
		signIn := strings.HasPrefix(e.Action, "signin.")
		if signIn == (l.Filter("what") == "signins") && l.Matches(e.Actor, e.Action, e.Subject, e.Remote, e.Detail) {
			shown = append(shown, e)
		}
	}
	return v.show(http.StatusOK, auditView(v.page("settings", v.Say("audit.title")), l, cut(l, shown)))
}
