package admin

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"letterbox/directory"
)

// vacationPage shows what senders are told while the visitor is away.
func (v *visit) vacationPage() error {
	set, err := v.Directory.Vacation(v.context(), v.user.ID)
	if err != nil {
		return err
	}
	f := blank(map[string]string{
		"first": set.First, "last": set.Last, "subject": set.Subject, "text": set.Text,
		"from": set.From, "days": strconv.Itoa(set.Days),
	})
	return v.showVacation(http.StatusOK, set, f)
}

func (v *visit) showVacation(status int, set directory.Vacation, f *form) error {
	return v.show(status, vacationView(v.page("me", v.Say("vacation.title")), set, f))
}

// setVacation switches it on, changes it while it is on, or switches it off.
func (v *visit) setVacation() error {
	before, err := v.Directory.Vacation(v.context(), v.user.ID)
	if err != nil {
		return err
	}
	f, err := v.form()
	if err != nil {
		return err
	}
	set := directory.Vacation{
		On: f.Text("away") != "no", First: f.Text("first"), Last: f.Text("last"), Subject: f.Text("subject"),
		Text: strings.ReplaceAll(f.Text("text"), "\r\n", "\n"), From: f.Text("from"),
	}
	if set.Days, err = strconv.Atoi(f.Text("days")); err != nil || set.Days < 1 {
		f.Reject("days", v.Say("vacation.bad.days"))
		return v.showVacation(http.StatusUnprocessableEntity, before, f)
	}
	err = v.Directory.SetVacation(v.context(), v.user.ID, set)
	if bad := (*directory.FieldError)(nil); errors.As(err, &bad) {
		f.Reject(bad.Field, v.Say("vacation.bad."+bad.Field))
		return v.showVacation(http.StatusUnprocessableEntity, before, f)
	}
	if err != nil {
		return err
	}
	return v.done("/me/vacation", "done.saved")
}

// vacationState says how things stand, for a page and for the way to it.
func vacationState(p *page, set directory.Vacation) string {
	switch {
	case !set.On:
		return p.Say("vacation.state.off")
	case set.Over(p.Now):
		return p.Say("vacation.state.over")
	case set.Applies(p.Now):
		return p.Say("vacation.state.on")
	}
	return p.Say("vacation.state.later")
}
