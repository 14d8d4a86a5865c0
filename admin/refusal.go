package admin

import (
	"context"
	"errors"
	"net/http"

	"letterbox/directory"
)

// A refusal is an error that has a page of its own: a title and a text that says
// what to do, under key.title and key.text.
type refusal struct {
	status int
	key    string
}

func (e *refusal) Error() string { return http.StatusText(e.status) + " (" + e.key + ")" }

// missing is for what is not there, or not for the visitor to see.
var missing = &refusal{http.StatusNotFound, "refused.missing"}

// fail is where every error ends. What it does not know gets a page without
// details, which are in the log.
func (v *visit) fail(err error) {
	var refused *refusal
	switch {
	case errors.As(err, &refused):
	case errors.Is(err, directory.ErrNoSuchUser), errors.Is(err, directory.ErrNoSuchAlias),
		errors.Is(err, directory.ErrTeam), errors.Is(err, directory.ErrNotLeaving), errors.Is(err, directory.ErrNoSecondFactor):
		refused = missing
	case errors.Is(err, context.Canceled):
		return // the browser has gone
	default:
		v.Log.ErrorContext(v.context(), "page failed", "route", v.route.pattern, "remote", v.remote.String(), "error", err)
		refused = &refusal{http.StatusInternalServerError, "refused.broken"}
	}
	if err := v.show(refused.status, refusalPage(v.page("", v.Say(refused.key+".title")), refused.key)); err != nil {
		http.Error(v.w, http.StatusText(refused.status), refused.status)
	}
}
