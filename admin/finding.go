package admin

import (
	"strings"
	"time"

	"letterbox/directory"
	"letterbox/finding"
)

// A findingView is a finding in somebody's language.
type findingView struct {
	finding.Telling
	ID    string
	State string // "warn" or "bad"
	Word  string // for it
	Last  time.Time
}

func (v *visit) findingView(f finding.Finding) findingView {
	view := findingView{ID: f.ID(), State: "warn", Telling: f.In(v.Language), Last: f.Last}
	if f.Severity == finding.Red {
		view.State = "bad"
	}
	view.Word = v.Say("finding.state." + view.State)
	return view
}

// How long a finding is out of sight.
var snoozes = map[string]time.Duration{"day": 24 * time.Hour, "week": 7 * 24 * time.Hour}

// dismiss puts a finding out of sight, for a while or for good.
func (v *visit) dismiss() error {
	f, err := v.form()
	if err != nil {
		return err
	}
	id := f.Text("id")
	if v.Watch == nil || id == "" {
		return missing
	}
	var until time.Time
	if d, ok := snoozes[f.Text("for")]; ok {
		until = v.now.Add(d)
	}
	if err := v.Watch.History.Dismiss(v.context(), id, until, v.user.Address); err != nil {
		return err
	}
	kind, subject, _ := strings.Cut(id, ":")
	if err := v.Directory.Record(v.context(), directory.Event{Action: "finding.dismiss", Subject: subject, Detail: kind}); err != nil {
		return err
	}
	if until.IsZero() {
		return v.done("/overview", "finding.dismissed")
	}
	return v.done("/overview", "finding.snoozed", v.Ago(until, v.now))
}

// recall shows all findings again.
func (v *visit) recall() error {
	if v.Watch == nil {
		return missing
	}
	if err := v.Watch.History.RecallAll(v.context()); err != nil {
		return err
	}
	return v.done("/overview", "finding.recalled")
}
