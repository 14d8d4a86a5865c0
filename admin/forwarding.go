package admin

import (
	"errors"
	"net/http"

	"letterbox/directory"
)

// A forwarding is where the visitor's mail goes on to.
type forwarding struct {
	directory.Forward
	Asked []directory.ForwardRequest // who did not agree yet
	May   bool                       // more may be asked
}

// forwarding shows where the visitor's mail goes on to.
func (v *visit) forwarding() error {
	is, err := v.forwardingNow()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, forwardingPage(v.page("me", v.Say("forwarding.title")), is))
}

func (v *visit) forwardingNow() (is forwarding, err error) {
	is.May = v.Machine.Forwarding
	if is.Forward, err = v.Directory.ForwardOf(v.context(), v.user.ID); err != nil {
		return is, err
	}
	is.Asked, err = v.Directory.ForwardRequests(v.context(), v.user.ID)
	return is, err
}

// changeForwarding passes mail on to an address no longer, or keeps a copy or none.
// Both are the visitor's to decide, whoever set the target.
func (v *visit) changeForwarding() error {
	f, err := v.form()
	if err != nil {
		return err
	}
	if target := f.Text("stop"); target != "" {
		if err := v.Directory.StopForward(v.context(), v.user.ID, target); err != nil {
			return err
		}
		return v.done("/me/forwarding", "forwarding.stopped", target)
	}
	if err := v.Directory.KeepForwarded(v.context(), v.user.ID, f.Text("keep") == "yes"); err != nil {
		return err
	}
	return v.done("/me/forwarding", "done.saved")
}

// askForwardPage has the form for one more address. Who found a browser open must not
// be able to take mail away by it, hence the password once more.
func (v *visit) askForwardPage() error {
	return v.showAskForward(http.StatusOK, blank(map[string]string{"keep": "on"}))
}

func (v *visit) showAskForward(status int, f *form) error {
	is, err := v.forwardingNow()
	if err != nil {
		return err
	}
	if !is.May {
		return &refusal{http.StatusForbidden, "refused.forwarding"}
	}
	return v.show(status, askForwardPage(v.page("me", v.Say("forwarding.add")), f, len(is.Targets) == 0))
}

// askForward mails the link to the address.
func (v *visit) askForward() error {
	f, err := v.form()
	if err != nil {
		return err
	}
	if !v.Machine.Forwarding {
		return &refusal{http.StatusForbidden, "refused.forwarding"}
	}
	to, err := v.Directory.MayAskForward(v.context(), v.user.ID, f.Text("target"))
	if err == nil {
		err = v.mailForwardLink(to, f.Checked("keep"))
	}
	if problem := forwardProblem(err); problem != "" {
		f.Reject("target", v.Say(problem))
		return v.showAskForward(http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	return v.done("/me/forwarding", "forwarding.asked", to.String())
}

// forwardProblem is the text about an address that cannot be asked; "" for none.
func forwardProblem(err error) string {
	for known, key := range map[error]string{
		directory.ErrBadAddress: "people.address.wrong",
		directory.ErrNoSuchUser: "forwarding.bad.nobody",
		directory.ErrLoop:       "forwarding.bad.own",
		directory.ErrExists:     "forwarding.bad.exists",
		directory.ErrAsked:      "forwarding.bad.asked",
		directory.ErrTooMany:    "forwarding.bad.many",
	} {
		if errors.Is(err, known) {
			return key
		}
	}
	return ""
}

// forwardingState says in a sentence where mail goes.
func forwardingState(p *page, f directory.Forward) string {
	switch {
	case len(f.Targets) == 0:
		return p.Say("forwarding.state.off")
	case f.Keep:
		return p.Say("forwarding.state.copy", len(f.Targets))
	}
	return p.Say("forwarding.state.away", len(f.Targets))
}
