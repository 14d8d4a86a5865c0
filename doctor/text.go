package doctor

import "letterbox/finding"

// An about is a thing that a check looks at; its methods make results. A finding
// has its evidence in the catalogue as doctor.CHECK.FINDING.saw, and what to do
// as doctor.CHECK.FINDING.do.
type about struct {
	check, subject string
	again          string // how to check again: "now" or "dns"
}

func machineThing(check, subject string) about { return about{check, subject, "now"} }
func dnsThing(check, subject string) about     { return about{check, subject, "dns"} }

func (a about) result(state State, found string, args []any) Result {
	key := "doctor." + a.check + "."
	r := Result{Check: a.check, Finding: found, Subject: a.subject, State: state}
	r.Title = finding.Text{Key: key + "title"}
	r.Saw = finding.Text{Key: key + found + ".saw", Args: args}
	if a.subject != "" {
		r.Title.Args = []any{a.subject}
	}
	if state == OK {
		return r
	}
	r.Means = finding.Text{Key: key + "means"}
	r.Do = finding.Text{Key: key + found + ".do", Args: args}
	r.Again = finding.Text{Key: "doctor.again." + a.again}
	return r
}

func (a about) ok(found string, args ...any) Result      { return a.result(OK, found, args) }
func (a about) amber(found string, args ...any) Result   { return a.result(Amber, found, args) }
func (a about) red(found string, args ...any) Result     { return a.result(Red, found, args) }
func (a about) unknown(found string, args ...any) Result { return a.result(Unknown, found, args) }

// silent is for when the name servers do not answer.
func (a about) silent(err error) Result {
	r := a.result(Unknown, "silent", nil)
	r.Saw = finding.Text{Key: "doctor.silent.saw", Args: []any{err.Error()}}
	r.Do = finding.Text{Key: "doctor.silent.do"}
	return r
}

// publish adds what is to be put into the zone file.
func (r Result) publish(lines ...string) Result {
	r.Publish = lines
	return r
}
