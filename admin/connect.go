package admin

import "net/http"

// connect says how to set mail programs up.
func (v *visit) connect() error {
	if v.Reach == nil {
		return missing
	}
	factors, err := v.Directory.SecondFactors(v.context(), v.user.ID)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, connectPage(v.page("me", v.Say("connect.title")), *v.Reach, factors.Any()))
}
