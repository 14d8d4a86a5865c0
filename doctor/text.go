package doctor

import (
	"time"

	"letterbox/phrase"
)

// A Text is one of the catalogue (package phrase), with what is filled in: texts
// and numbers, and what each language writes in its own way: Bytes, time.Time,
// time.Duration.
type Text struct {
	Key  string
	Args []any
}

// Bytes are a size.
type Bytes int64

// In is the text in a language; "" for none.
func (t Text) In(l *phrase.Language) string {
	if t.Key == "" {
		return ""
	}
	args := make([]any, len(t.Args))
	for i, a := range t.Args {
		switch a := a.(type) {
		case Bytes:
			args[i] = l.Size(int64(a))
		case time.Time:
			args[i] = l.Moment(a)
		case time.Duration:
			args[i] = l.Span(a)
		case Text:
			args[i] = a.In(l)
		default:
			args[i] = a
		}
	}
	return l.Say(t.Key, args...)
}

// An about is a thing that a check looks at; its methods make results. A finding
// has its evidence in the catalogue as doctor.CHECK.FINDING.saw, and what to do
// as doctor.CHECK.FINDING.do.
type about struct {
	check, subject string
	again          string // how to check again: "now" or "dns"
}

func machineThing(check, subject string) about { return about{check, subject, "now"} }
func dnsThing(check, subject string) about     { return about{check, subject, "dns"} }

func (a about) result(state State, finding string, args []any) Result {
	key := "doctor." + a.check + "."
	r := Result{
		Check: a.check, Finding: finding, Subject: a.subject, State: state,
		Title: Text{key + "title", []any{a.subject}},
		Saw:   Text{key + finding + ".saw", args},
	}
	if a.subject == "" {
		r.Title.Args = nil
	}
	if state == OK {
		return r
	}
	r.Means = Text{Key: key + "means"}
	r.Do = Text{key + finding + ".do", args}
	r.Again = Text{Key: "doctor.again." + a.again}
	return r
}

func (a about) ok(finding string, args ...any) Result    { return a.result(OK, finding, args) }
func (a about) amber(finding string, args ...any) Result { return a.result(Amber, finding, args) }
func (a about) red(finding string, args ...any) Result   { return a.result(Red, finding, args) }

func (a about) unknown(finding string, args ...any) Result {
	return a.result(Unknown, finding, args)
}

// silent is for when the name servers do not answer.
func (a about) silent(err error) Result {
	r := a.result(Unknown, "silent", nil)
	r.Saw = Text{"doctor.silent.saw", []any{err.Error()}}
	r.Do = Text{Key: "doctor.silent.do"}
	return r
}

// publish adds what is to be put into the zone file.
func (r Result) publish(lines ...string) Result {
	r.Publish = lines
	return r
}
