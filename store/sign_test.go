package store

import (
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
)

// TestTrimSigns keeps the latest signs of each account.
func TestTrimSigns(t *testing.T) {
	t.Parallel()
	s := build(t)
	ctx := t.Context()
	for id := range MessageID(10) {
		must(t, s.Sign(ctx, 1, []MessageID{id + 1}, true))
	}
	must(t, s.Sign(ctx, 2, []MessageID{11}, false))
	must(t, s.TrimSigns(ctx, 3))
	list, err := s.Signs(ctx, 100)
	must(t, err)
	var ids []MessageID
	for _, sign := range list {
		ids = append(ids, sign.Message)
	}
	if len(ids) != 4 || ids[0] != 8 || ids[3] != 11 {
		t.Errorf("left are %v", ids)
	}
}

// TestReadAndKept finds what was read a while ago and is still where people keep
// mail, the latest first.
func TestReadAndKept(t *testing.T) {
	t.Parallel()
	s := build(t)
	ctx := t.Context()
	must(t, s.EnsureAccount(ctx, 1))
	var ids []MessageID
	for _, m := range []struct {
		mailbox string
		flags   []imap.Flag
	}{
		{"INBOX", []imap.Flag{imap.FlagSeen}}, {"INBOX", nil}, {"Archive", []imap.Flag{imap.FlagSeen}},
		{"Junk", []imap.Flag{imap.FlagSeen}}, {"Trash", []imap.Flag{imap.FlagSeen}}, {"Sent", []imap.Flag{imap.FlagSeen}},
	} {
		box, err := s.Mailbox(ctx, 1, m.mailbox)
		must(t, err)
		added, err := s.Append(ctx, Batch{Messages: []NewMessage{{Mailbox: box.ID, Raw: []byte("Subject: x\r\n\r\n"), Flags: m.flags}}})
		must(t, err)
		ids = append(ids, added[0].Message)
	}
	later := time.Now().Add(time.Hour)
	for _, test := range []struct {
		before MessageID
		since  time.Time
		limit  int
		want   []MessageID
	}{
		{1 << 60, later, 10, []MessageID{ids[2], ids[0]}},
		{1 << 60, later, 1, []MessageID{ids[2]}},
		{ids[2], later, 10, []MessageID{ids[0]}},
		{1 << 60, time.Now().Add(-time.Hour), 10, nil},
	} {
		got, err := s.ReadAndKept(ctx, 1, test.before, test.since, test.limit)
		must(t, err)
		if len(got) != len(test.want) || len(got) > 0 && got[0] != test.want[0] {
			t.Errorf("before %d: %v, want %v", test.before, got, test.want)
		}
	}
}

// Who answers a message says that it is wanted; a program that carries flags over
// for a whole mailbox says nothing, unless by a keyword made for it.
func TestSignsOfFlags(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		messages int
		flag     imap.Flag
		want     int64
	}{
		{mostAnswered, imap.FlagAnswered, mostAnswered},
		{mostAnswered + 1, imap.FlagAnswered, 0},
		{mostAnswered + 1, "$NotJunk", mostAnswered + 1},
	} {
		h := build(t)
		in := h.box("INBOX")
		h.fill(in, test.messages)
		_, err := h.SetFlags(t.Context(), in, allUIDs(), FlagChange{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{test.flag}})
		must(t, err)
		if n := h.count(`SELECT count(*) FROM sign`); n != test.want {
			t.Errorf("%s on %d messages gave %d signs, want %d", test.flag, test.messages, n, test.want)
		}
	}
}
