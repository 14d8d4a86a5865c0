package imapd

import (
	"context"
	"strings"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
	"letterbox/telemetry"
)

// NOTIFY (RFC 5465): the client says once what it wants to hear, and hears it
// at any time, also when no command is in progress.

// events is a set of kinds of events.
type events uint8

const (
	messageNew events = 1 << iota
	messageExpunge
	flagChange
	mailboxName
	subscriptionChange
	mailboxMetadata
	serverMetadata

	messageEvents = messageNew | messageExpunge | flagChange
)

// eventNames are the events by bit, as BADEVENT lists them.
var eventNames = [...]string{
	"MessageNew", "MessageExpunge", "FlagChange", "MailboxName", "SubscriptionChange", "MailboxMetadataChange",
	"ServerMetadataChange",
}

// An eventGroup asks for events of some mailboxes.
type eventGroup struct {
	filter string   // in capitals, as in RFC 5465 section 6
	names  []string // of SUBTREE and MAILBOXES
	events events
	items  []item // of SELECTED: what to fetch of new messages; nil: nothing
}

// notify runs NOTIFY SET and NOTIFY NONE. What has gathered until then is told
// by the session's update, as with NOOP.
func notify(ctx context.Context, s *session, d *wire.Decoder, _ *call) error {
	d.SP()
	switch d.Keyword() {
	case "NONE":
		if err := d.End(); err != nil {
			return err
		}
		s.stopNotify()
		s.notify = &notification{}
		return nil
	case "SET":
	default:
		d.Fail("SET or NONE")
	}
	withStatus, groups, unsupported := readNotifySet(d)
	if err := d.End(); err != nil {
		return err
	}
	switch {
	case unsupported:
		return no(imap.ResponseCode("BADEVENT ("+strings.Join(eventNames[:], " ")+")"), "there are no such events")
	case tooMany(groups):
		return no("NOTIFICATIONOVERFLOW", "ask for fewer mailboxes, or for PERSONAL")
	}
	s.stopNotify()
	n, err := s.startNotify(ctx, groups)
	if err != nil {
		return err
	}
	s.notify = n
	s.watched.Waits(telemetry.Notified)
	if withStatus {
		n.tellAllStatus(s)
	}
	return nil
}

// maxNotifyNames bounds the groups and the mailboxes that are named in them.
const maxNotifyNames = 1000

func tooMany(groups []eventGroup) bool {
	n := len(groups)
	for _, g := range groups {
		n += len(g.names)
	}
	return n > maxNotifyNames
}

// readNotifySet reads what follows SET.
func readNotifySet(d *wire.Decoder) (withStatus bool, groups []eventGroup, unsupported bool) {
	d.SP()
	if d.Peek() != '(' {
		if d.Keyword() != "STATUS" {
			d.Fail("STATUS or a group of events")
		}
		withStatus = true
		d.SP()
	}
	selected := false
	for {
		g, bad := readEventGroup(d)
		if g.isSelected() && selected {
			d.Fail("SELECTED or SELECTED-DELAYED, once")
		}
		selected = selected || g.isSelected()
		unsupported = unsupported || bad
		groups = append(groups, g)
		if !d.Accept(' ') {
			return withStatus, groups, unsupported
		}
	}
}

func (g *eventGroup) isSelected() bool { return strings.HasPrefix(g.filter, "SELECTED") }

// readEventGroup reads one group, and checks which events may go together (RFC
// 5465 section 5).
func readEventGroup(d *wire.Decoder) (g eventGroup, unsupported bool) {
	d.Open()
	g.filter = d.Keyword()
	d.SP()
	switch g.filter {
	case "SELECTED", "SELECTED-DELAYED", "INBOXES", "PERSONAL", "SUBSCRIBED":
	case "SUBTREE", "MAILBOXES":
		g.readNames(d)
		d.SP()
	default:
		d.Fail("SELECTED, SELECTED-DELAYED, INBOXES, PERSONAL, SUBSCRIBED, SUBTREE or MAILBOXES")
	}
	unsupported = g.readEvents(d)
	d.Close()
	both := messageNew | messageExpunge
	switch message := g.events & messageEvents; {
	case message != 0 && message&both != both:
		d.Fail("MessageNew and MessageExpunge together")
	case g.isSelected() && g.events != message:
		d.Fail("events about messages for SELECTED")
	case !g.isSelected() && g.items != nil:
		d.Fail("what to fetch for SELECTED alone")
	}
	return g, unsupported
}

func (g *eventGroup) readNames(d *wire.Decoder) {
	read := func() { g.names = append(g.names, d.Mailbox()) }
	if d.Peek() == '(' {
		d.List(read)
		return
	}
	read()
}

// readEvents reads NONE, or a list of events, which the examples of RFC 5465
// write without its parentheses.
func (g *eventGroup) readEvents(d *wire.Decoder) (unsupported bool) {
	list := d.Peek() == '('
	if list {
		d.Open()
	}
	for {
		name := d.Keyword()
		if name == "NONE" && !list && g.events == 0 {
			return false
		}
		e := eventNamed(name)
		g.events |= e
		unsupported = unsupported || e == 0
		more := d.Accept(' ')
		if more && e == messageNew && d.Peek() == '(' {
			g.items = parseItemList(d)
			more = d.Accept(' ')
		}
		if !more {
			break
		}
	}
	if list {
		d.Close()
	}
	return unsupported
}

// eventNamed finds an event by its name in capitals, 0 for none.
func eventNamed(name string) events {
	for i, known := range eventNames {
		if strings.EqualFold(known, name) {
			return 1 << i
		}
	}
	return 0
}
