package admin

import "net/http"

// overview says in one sentence whether everything works.
func (v *visit) overview() error {
	users, err := v.Directory.Users(v.context())
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, overviewPage(v.page("overview", v.Say("overview.title")), len(users)))
}
