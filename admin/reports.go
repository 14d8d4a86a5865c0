package admin

import (
	"errors"
	"net/http"
	"strings"

	"letterbox/directory"
	"letterbox/feedback"
)

// reportDays is how much of what others report is shown together.
const reportDays = 30

// reports shows what others say about mail in a domain's name, and about encryption
// on the way to it.
func (v *visit) reports() error {
	name := strings.ToLower(v.r.PathValue("domain"))
	if _, err := v.Directory.Domain(v.context(), name); errors.Is(err, directory.ErrNotOurs) {
		return missing
	} else if err != nil {
		return err
	}
	now := v.Now()
	s, err := v.Feedback.Summarize(v.context(), name, now.AddDate(0, 0, -reportDays), now)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, reportsPage(v.page("domains", v.Say("reports.title", name)), s))
}

// reportsLead is what there is to say in a sentence.
func reportsLead(p *page, s *feedback.Summary) string {
	switch {
	case s.Reports == 0:
		return p.Say("reports.none")
	case s.Messages == 0:
		return p.Say("reports.nomail", s.Reports)
	}
	return p.Say("reports.lead", s.Reports, p.Number(s.Passed), p.Number(s.Messages))
}

// causeState is the class of a state.
func causeState(c feedback.Cause) string {
	switch c {
	case feedback.Fine:
		return "good"
	case feedback.Own:
		return "bad"
	case feedback.Unlisted, feedback.Unaligned:
		return "warn"
	}
	return "off"
}

// causeDo is what to do about a source; "" for nothing.
func causeDo(p *page, s feedback.Source) string {
	if s.Cause == feedback.Fine {
		return ""
	}
	if s.Cause == feedback.Unlisted && s.Service.Include != "" {
		return p.Say("reports.include", s.Name, "include:"+s.Service.Include)
	}
	return p.Say("reports.do."+string(s.Cause), s.Name)
}

// causeTitle is what a source is.
func causeTitle(p *page, s feedback.Source) string {
	return p.Say("reports.cause."+string(s.Cause), s.As)
}

// reportersOf is who says so.
func reportersOf(p *page, s *feedback.Summary) string {
	most := s.Reporters[:min(len(s.Reporters), 8)]
	return p.Say("reports.reporters", strings.Join(most, ", "), len(s.Reporters)-len(most))
}
