package admin

import (
	"strings"
	"time"

	"letterbox/directory"
	"letterbox/finding"
)

// A findingView is a finding in somebody's language.
type findingView struct {
	ID    string
	State string // "warn" or "bad"
	Word  string // for it
	Title string
	Means string
	Saw   string
	Do    string
	Again string
	Times int
	First time.Time
	Last  time.Time
}

func (v *visit) findingView(f finding.Finding) findingView {
	words := f.Say()
	view := findingView{
		ID: f.ID(), State: "warn", Title: v.put(words.Title), Means: v.put(words.Means), Saw: v.put(words.Saw),
		Do: v.put(words.Do), Again: v.put(words.Again), Times: f.Times, First: f.First, Last: f.Last,
	}
	if f.Severity == finding.Red {
		view.State = "bad"
	}
	view.Word = v.Say("finding.state." + view.State)
	// What to do may be worded for the program that it is about.
	if key := "finding." + f.Kind + ".client." + f.Client; f.Words == nil && f.Client != "" && v.Has(key) {
		view.Do = v.Say(key, v.arguments(f.Args)...)
	}
	return view
}

// put says a text of a finding; nothing for one that has no text.
func (v *visit) put(t finding.Text) string {
	if !v.Has(t.Key) {
		return ""
	}
	return v.Say(t.Key, v.arguments(t.Args)...)
}

// arguments are written as the language does it.
func (v *visit) arguments(args []any) []any {
	words := make([]any, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case finding.Bytes:
			words[i] = v.Size(int64(a))
		case time.Time:
			words[i] = v.Moment(a)
		case time.Duration:
			words[i] = v.Span(a)
		default:
			words[i] = a
		}
	}
	return words
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
