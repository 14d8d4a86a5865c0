package admin

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"letterbox/directory"
	"letterbox/trace"
)

// Limits of a search: what is shown, and how far it looks for an outcome.
const (
	tracesShown  = 100
	tracesSearch = 1000
)

// outcomes are what a message may have come to.
var outcomes = []trace.Kind{trace.Delivered, trace.Sent, trace.Refused, trace.Deferred, trace.Failed, trace.Queued}

// traces searches the traces of everybody's messages by an address, a Message-ID, days
// and what became of them.
func (v *visit) traces() error {
	l := v.listing("when")
	q, err := v.traceQuery(l)
	if err != nil {
		return err
	}
	outcome := trace.Kind(l.Filter("outcome"))
	if slices.Contains(outcomes, outcome) {
		q.Limit = tracesSearch
	}
	found, err := v.Journal.Find(v.context(), q)
	if err != nil {
		return err
	}
	var rows []trace.Trace
	for _, t := range found {
		if came(t, outcome) && len(rows) < tracesShown {
			rows = append(rows, t)
		}
	}
	return v.show(http.StatusOK, tracesPage(v.page("mail", v.Say("traces.title")), l, rows))
}

// traceQuery reads what is searched for. For somebody's address it finds all that they
// had, by whatever address it came. Days that are none count for nothing.
func (v *visit) traceQuery(l *listing) (trace.Query, error) {
	q := trace.Query{Limit: tracesShown}
	switch {
	case strings.HasPrefix(l.Search, "<"):
		q.MessageID = l.Search
	case strings.Contains(l.Search, "@"):
		q.Address = strings.ToLower(l.Search)
		user, err := v.Directory.User(v.context(), l.Search)
		switch {
		case err == nil:
			q.Account = user.ID
		case errors.Is(err, directory.ErrNoSuchUser), errors.Is(err, directory.ErrNotOurs), errors.Is(err, directory.ErrBadAddress):
		default:
			return q, err
		}
	default:
		q.Trace = l.Search
	}
	if day, err := time.ParseInLocation(time.DateOnly, l.Filter("from"), time.Local); err == nil {
		q.Since = day
	}
	if day, err := time.ParseInLocation(time.DateOnly, l.Filter("until"), time.Local); err == nil {
		q.Until = day.AddDate(0, 0, 1)
	}
	return q, nil
}

// came reports whether a message came to that for one of its recipients, as far as is
// known; for "" to anything. What was put off counts as such only until it went on.
func came(t trace.Trace, outcome trace.Kind) bool {
	if !slices.Contains(outcomes, outcome) {
		return true
	}
	last := map[string]trace.Kind{}
	for _, e := range t.Events {
		last[e.Recipient] = e.Kind
	}
	for _, kind := range last {
		if kind == outcome {
			return true
		}
	}
	return false
}

// traceOne tells the whole story of one message.
func (v *visit) traceOne() error {
	found, err := v.Journal.Find(v.context(), trace.Query{Trace: v.r.PathValue("trace"), Limit: 1})
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return missing
	}
	return v.show(http.StatusOK, tracePage(v.page("mail", v.Say("traces.one")), found[0]))
}

func tracePath(id string) string { return "/trace/" + url.PathEscape(id) }

// noteName is what a note is about, for people; what is unknown stands for itself.
func noteName(p *page, n trace.Note) string {
	if key := "traces.note." + n.Name; p.Has(key) {
		return p.Say(key)
	}
	return n.Name
}

// A step is an event of a message with what is known of it.
type step struct {
	trace.Event
	Facts [][2]string // by name
}

// stepsOf tells a message's events one after the other. What is the same for all of
// them is said once.
func stepsOf(p *page, t trace.Trace) []step {
	said := map[string]bool{}
	steps := make([]step, len(t.Events))
	for i, e := range t.Events {
		s := step{Event: e}
		add := func(key, value string) {
			if value != "" {
				s.Facts = append(s.Facts, [2]string{p.Say("traces.fact." + key), value})
			}
		}
		once := func(key, value string) {
			if !said[key+value] {
				add(key, value)
			}
			said[key+value] = true
		}
		add("when", p.Moment(e.At))
		add("recipient", e.Recipient)
		once("sender", e.Sender)
		once("id", e.MessageID)
		if e.Remote.IsValid() {
			once("remote", e.Remote.String())
		}
		once("helo", e.Helo)
		once("protocol", e.Protocol)
		if e.Size > 0 {
			once("size", p.Size(e.Size))
		}
		add("host", e.Host)
		add("reply", e.Reply)
		for _, n := range e.Notes {
			s.Facts = append(s.Facts, [2]string{noteName(p, n), n.Text})
		}
		steps[i] = s
	}
	return steps
}
