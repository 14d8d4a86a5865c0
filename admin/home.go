package admin

import (
	"net/http"

	"letterbox/store"
)

// home is where everybody looks after what is theirs.
func (v *visit) home() error {
	account := store.AccountID(v.user.ID)
	if err := v.Store.EnsureAccount(v.context(), account); err != nil {
		return err
	}
	usage, limit, err := v.Store.Usage(v.context(), account)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, homePage(v.page("me", v.Say("home.title")), fullness{usage, limit}))
}
