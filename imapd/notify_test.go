package imapd

import (
	"context"
	"log/slog"
	"testing"

	"letterbox/store"
)

func TestNotifyOverflow(t *testing.T) {
	t.Parallel()
	few := []eventGroup{{filter: "MAILBOXES", names: make([]string, maxNotifyNames-1)}}
	if tooMany(few) {
		t.Error("the limit is too many")
	}
	if !tooMany(append(few, eventGroup{filter: "PERSONAL"})) {
		t.Error("one more than the limit is not too many")
	}
}

func TestEventGroupCovers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		filter     string
		names      []string
		mailbox    string
		subscribed bool
		want       bool
	}{
		{"PERSONAL", nil, "a", false, true},
		{"INBOXES", nil, "a", false, true},
		{"SUBSCRIBED", nil, "a", false, false},
		{"SUBSCRIBED", nil, "a", true, true},
		{"SUBTREE", []string{"x", "a"}, "a", false, true},
		{"SUBTREE", []string{"a"}, "a/b/c", false, true},
		{"SUBTREE", []string{"a"}, "ab", false, false},
		{"SUBTREE", []string{"inbox"}, "INBOX/x", false, true},
		{"MAILBOXES", []string{"inbox"}, "INBOX", false, true},
		{"MAILBOXES", []string{"a"}, "a/b", false, false},
		{"MAILBOXES", []string{"*"}, "a", true, false},
		{"MAILBOXES", []string{"u\u0308"}, "ü", false, true},
		{"SELECTED", nil, "a", true, false},
	} {
		g := eventGroup{filter: test.filter, names: test.names}
		if got := g.covers(test.mailbox, test.subscribed); got != test.want {
			t.Errorf("%s %q covers %q: %t", test.filter, test.names, test.mailbox, got)
		}
	}
}

// When the mailboxes cannot be read the client is told that it hears no more.
func TestNotificationOverflow(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, err := h.directory.User(t.Context(), annaAddress)
	check(t, err)
	unread, cancel := context.WithCancel(t.Context())
	cancel()
	got := progressOf(t, func(s *session) error {
		s.srv, s.log, s.user = New(Config{Store: h.store}), slog.New(slog.DiscardHandler), anna
		s.notify = &notification{stop: func() {}, changed: map[store.MailboxID]struct{}{1: {}}}
		s.tellNotified(unread)
		if s.wants(messageNew) || s.notify.stop != nil {
			t.Error("notifications go on")
		}
		return s.enc.Flush()
	})
	if want := "* OK [NOTIFICATIONOVERFLOW] the mailboxes cannot be read; ask again\r\n"; got != want {
		t.Errorf("told %q", got)
	}
}

// Whatever is asked for, the rules on which events go together are kept.
func FuzzNotify(f *testing.F) {
	for _, in := range []string{
		" STATUS (selected (MessageNew (uid body.peek[header.fields (from to)]) MessageExpunge)) (subtree (a b) (MailboxName))",
		" (SELECTED-DELAYED NONE)", " (personal FlagChange MessageNew MessageExpunge)", " (mailboxes {1+}\r\nx (ServerMetadataChange X))",
	} {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		d := decoderOf(in + "\r\n")
		_, groups, _ := readNotifySet(d)
		if d.End() != nil {
			return
		}
		selected := 0
		for _, g := range groups {
			if g.isSelected() {
				selected++
			}
			if g.events&flagChange != 0 && g.events&messageNew == 0 || (g.events&messageNew == 0) != (g.events&messageExpunge == 0) {
				t.Errorf("%q asks for events %b", in, g.events)
			}
		}
		if selected > 1 {
			t.Errorf("%q selects %d times", in, selected)
		}
	})
}
