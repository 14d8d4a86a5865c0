package admin

import (
	"net/http"
	"strings"

	"letterbox/trace"
)

// tracedShown is how many messages a search finds at most.
const tracedShown = 50

// A traced message is what became of one, for who sent or received it.
type traced struct {
	Sender, Recipient string // "" for none, and for several
	Last              trace.Event
	Events            []trace.Event
}

// whereIsMyMail searches the traces of what the visitor sent and received, or was
// to receive: what was refused is there as well.
func (v *visit) whereIsMyMail() error {
	l := v.listing("when")
	q := trace.Query{Viewer: v.user.ID, Limit: tracedShown}
	switch {
	case strings.HasPrefix(l.Search, "<"):
		q.MessageID = l.Search
	case strings.Contains(l.Search, "@"):
		q.Address = strings.ToLower(l.Search)
	case l.Search != "":
		q.Trace = l.Search
	}
	found, err := v.Journal.Find(v.context(), q)
	if err != nil {
		return err
	}
	rows := make([]traced, len(found))
	for i, t := range found {
		rows[i] = trackOf(t)
	}
	return v.show(http.StatusOK, whereIsMyMailPage(v.page("me", v.Say("track.title")), l, rows))
}

func trackOf(t trace.Trace) traced {
	row := traced{Last: t.Events[len(t.Events)-1], Events: t.Events}
	several := false
	for _, e := range t.Events {
		if row.Sender == "" {
			row.Sender = e.Sender
		}
		several = several || row.Recipient != "" && e.Recipient != "" && e.Recipient != row.Recipient
		if e.Recipient != "" {
			row.Recipient = e.Recipient
		}
	}
	if several {
		row.Recipient = ""
	}
	return row
}

// eventText says what happened, in words.
func eventText(p *page, e trace.Event) string {
	key := "track.kind." + string(e.Kind)
	switch e.Kind {
	case trace.Refused, trace.Failed, trace.Deferred:
		return p.Say(key, e.Reply)
	case trace.Delivered:
		return p.Say(key, folderName(p, e.Folder))
	case trace.Sent:
		return p.Say(key, e.Host)
	case trace.Received, trace.Queued, trace.Answered:
		return p.Say(key)
	}
	return string(e.Kind)
}

// eventState is the class of a state.
func eventState(e trace.Event) string {
	switch e.Kind {
	case trace.Delivered, trace.Sent, trace.Answered:
		return "good"
	case trace.Refused, trace.Failed:
		return "bad"
	case trace.Deferred:
		return "warn"
	}
	return "off"
}
