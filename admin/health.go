package admin

import (
	"net/http"
	"slices"

	"letterbox/doctor"
)

// health shows everything that the doctor looked at.
func (v *visit) health() error {
	checkup, err := v.Machine.Checkup(v.context(), false)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, healthPage(v.page("overview", v.Say("health.title")), checkup))
}

// examine looks at everything again.
func (v *visit) examine() error {
	if _, err := v.Machine.Checkup(v.context(), true); err != nil {
		return err
	}
	return v.done("/health", "health.again")
}

// lead is a checkup in one sentence.
func checkupLead(p *page, c doctor.Checkup) string {
	count := map[doctor.State]int{}
	for _, r := range c.Results {
		count[r.State]++
	}
	switch {
	case count[doctor.Red] > 0:
		return p.Say("health.lead.red", count[doctor.Red])
	case count[doctor.Amber] > 0:
		return p.Say("health.lead.amber", count[doctor.Amber])
	}
	return p.Say("health.lead.ok")
}

// stateKind is the state as icon.templ draws it.
func stateKind(s doctor.State) string {
	switch s {
	case doctor.OK:
		return "good"
	case doctor.Amber:
		return "warn"
	case doctor.Red:
		return "bad"
	}
	return "off"
}

// troubles are the results that somebody should read, the worst first; fine are
// the others.
func troubles(list []doctor.Result) (wrong, fine []doctor.Result) {
	for _, r := range list {
		if r.State == doctor.OK {
			fine = append(fine, r)
		} else {
			wrong = append(wrong, r)
		}
	}
	slices.SortStableFunc(wrong, func(a, b doctor.Result) int {
		switch {
		case a.State.Worse(b.State):
			return -1
		case b.State.Worse(a.State):
			return 1
		}
		return 0
	})
	return wrong, fine
}
