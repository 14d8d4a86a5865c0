package admin

import (
	"errors"
	"net/http"

	"letterbox/directory"
)

// answerForwardPage asks who followed the link. Programs that look at links follow
// them, too, so that the link alone agrees to nothing.
func (v *visit) answerForwardPage() error {
	r, err := v.forwardRequest()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, answerForwardPage(v.page("", v.Say("forwarding.title")), r, v.r.URL.EscapedPath()))
}

// forwardRequest is the one whose link was followed.
func (v *visit) forwardRequest() (*directory.ForwardRequest, error) {
	if !v.Machine.Forwarding {
		return nil, &refusal{http.StatusGone, "refused.forwardlink"}
	}
	r, err := v.Directory.ForwardRequest(v.context(), v.r.PathValue("token"))
	return r, badForward(err)
}

func badForward(err error) error {
	for _, gone := range []error{
		directory.ErrBadForward, directory.ErrDisabled, directory.ErrTooMany, directory.ErrLoop, directory.ErrNoSuchUser,
	} {
		if errors.Is(err, gone) {
			return &refusal{http.StatusGone, "refused.forwardlink"}
		}
	}
	return err
}

// answerForward agrees, or does not. The audit log ascribes it to the address, as
// whoever reads its mail is known by nothing else.
func (v *visit) answerForward() error {
	r, err := v.forwardRequest()
	if err != nil {
		return err
	}
	f, err := v.form()
	if err != nil {
		return err
	}
	agree := f.Text("answer") == "yes"
	ctx := directory.ActingAs(v.context(), r.Target, v.remote)
	if err := v.Directory.AnswerForward(ctx, v.r.PathValue("token"), agree); err != nil {
		return badForward(err)
	}
	return v.show(http.StatusOK, forwardAnsweredPage(v.page("", v.Say("forwarding.title")), r, agree))
}
