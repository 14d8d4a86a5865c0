package delivery

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/directory"
	"letterbox/store"
)

func TestFolder(t *testing.T) {
	t.Parallel()
	list := []store.Mailbox{
		{ID: 1, Name: "INBOX"},
		{ID: 2, Name: "Lists"},
		{ID: 3, Name: "Lists/Go"},
		{ID: 4, Name: "Sent", SpecialUse: imap.MailboxAttrSent},
		{ID: 5, Name: "Drafts", SpecialUse: imap.MailboxAttrDrafts},
		{ID: 6, Name: "Trash", SpecialUse: imap.MailboxAttrTrash},
		{ID: 7, Name: "Junk", SpecialUse: imap.MailboxAttrJunk},
		{ID: 8, Name: "Müll"},
	}
	for detail, want := range map[string]store.MailboxID{
		"Lists": 2, "lists": 2, "LISTS/go": 3, "junk": 7, "müll": 8, "inbox": 1,
		"sent": 0, "drafts": 0, "trash": 0, "nowhere": 0, "list": 0, "lists/": 0,
	} {
		got := folder(detail, list)
		if (got == nil) != (want == 0) || got != nil && got.ID != want {
			t.Errorf("%s: %v, want %d", detail, got, want)
		}
	}
}

func TestLoop(t *testing.T) {
	t.Parallel()
	received := func(n int) string { return strings.Repeat("Received: by somebody;\r\n\tsome day\r\n", n) }
	for _, test := range []struct {
		raw  string
		loop bool
	}{
		{"Subject: x\r\n\r\n", false},
		{"", false},
		{"Delivered-To: anna@example.org\r\n\r\n", true},
		{"delivered-to:ANNA@example.ORG\r\n", true},
		{"Delivered-To :\r\n anna@example.org\r\n\r\n", true},
		{"Delivered-To: ben@example.org\r\n\r\n", false},
		{"X-Delivered-To: anna@example.org\r\n\r\n", false},
		{"Subject: x\r\n\r\nDelivered-To: anna@example.org\r\n", false}, // in the text
		{"no field\r\nDelivered-To: anna@example.org\r\n", true},
		{received(100) + "\r\n", false},
		{received(101) + "\r\n", true},
		{"\r\n" + received(101), false},
	} {
		err := checkLoop([]byte(test.raw), []string{"carl@example.org", "anna@example.org"})
		if errors.Is(err, ErrLoop) != test.loop {
			t.Errorf("%.80q: %v", test.raw, err)
		}
	}
}

func TestTrace(t *testing.T) {
	t.Parallel()
	d := &Delivery{Hostname: "mx.example.org"}
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.FixedZone("", 3600))
	user := &directory.User{Address: "anna@example.org"}
	for _, test := range []struct {
		e    Envelope
		want string
	}{
		{Envelope{ID: "ID1", Helo: "a.example", Remote: netip.MustParseAddr("192.0.2.1"), Protocol: "ESMTP", For: "anna@example.org"},
			"from a.example ([192.0.2.1]) by mx.example.org (Letterbox) with ESMTP id ID1 for <anna@example.org>; Mon, 23 Nov 2026 10:00:00 +0100"},
		{Envelope{ID: "ID2", Helo: "[192.0.2.1]", Remote: netip.MustParseAddr("::ffff:192.0.2.1"), RemoteName: "a.example", Protocol: "ESMTPS", TLS: "TLSv1.3 X"},
			"from [192.0.2.1] (a.example [192.0.2.1]) by mx.example.org (Letterbox) with ESMTPS (TLSv1.3 X) id ID2; Mon, 23 Nov 2026 10:00:00 +0100"},
		{Envelope{ID: "ID3", Helo: "evil) by bank.example (x", Remote: netip.MustParseAddr("2001:db8::1%eth0"), Protocol: "SMTP"},
			"from [IPv6:2001:db8::1] ([IPv6:2001:db8::1]) by mx.example.org (Letterbox) with SMTP id ID3; Mon, 23 Nov 2026 10:00:00 +0100"},
		{Envelope{ID: "ID4", Helo: strings.Repeat("a", 256), Protocol: "SMTP"},
			"from unknown (unknown) by mx.example.org (Letterbox) with SMTP id ID4; Mon, 23 Nov 2026 10:00:00 +0100"},
		{Envelope{ID: "ID5", Helo: "annas-laptop", Remote: netip.MustParseAddr("192.0.2.7"), Protocol: "ESMTPSA", User: user}, // and nobody learns where she was
			"by mx.example.org (Letterbox) with ESMTPSA id ID5; Mon, 23 Nov 2026 10:00:00 +0100"},
	} {
		test.e.Received = at
		got := string(d.Trace(test.e))
		unfolded := strings.ReplaceAll(got, "\r\n\t", " ")
		if unfolded != "Received: "+test.want+"\r\n" {
			t.Errorf("got  %q\nwant %q", unfolded, test.want)
		}
		for line := range strings.Lines(got) {
			if len(line) > lineWidth+2 {
				t.Errorf("a line of %d characters: %q", len(line), line)
			}
		}
	}
}

func TestAuthors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		header string
		want   []string
		bad    bool
	}{
		{"From: Anna <Anna@Example.ORG>\r\n", []string{"Anna@Example.ORG"}, false},
		{"From: a@example.org, B <b@example.org>\r\nSender: c@example.org\r\n", []string{"a@example.org", "b@example.org", "c@example.org"}, false},
		{"Subject: x\r\n", nil, false},
		{"From: Us: a@example.org;\r\n", []string{"a@example.org"}, false},
		{"From: a@example.org\r\nfrom: b@example.org\r\n", nil, true},
		{"From: a@example.org\r\nSender: a@example.org\r\nSender: b@example.org\r\n", nil, true},
		{"From: Anna\r\n", nil, true},
		{"From:\r\n", nil, true},
		{"From: undisclosed:;\r\n", nil, true},
	} {
		got, err := Authors([]byte(test.header + "\r\nFrom: text@example.org\r\n"))
		if errors.Is(err, ErrBadAuthor) != test.bad || !test.bad && err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%q: %q, %v", test.header, got, err)
		}
	}
}

func TestComplete(t *testing.T) {
	t.Parallel()
	d := &Delivery{Hostname: "mx.example.org"}
	e := Envelope{
		Sender:   "anna+x@example.org",
		User:     &directory.User{Address: "anna@example.org"},
		Received: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC),
	}
	const from, date, id = "From: <anna+x@example.org>\r\n", "Date: Mon, 23 Nov 2026 10:00:00 +0000\r\n", "Message-ID: <ID@mx.example.org>\r\n"
	for _, test := range []struct{ raw, want string }{
		{"From: a\r\nDate: b\r\nMessage-ID: c\r\n\r\nBcc: d\r\n", "From: a\r\nDate: b\r\nMessage-ID: c\r\n\r\nBcc: d\r\n"},
		{"Subject: x\r\n\r\ny\r\n", from + date + id + "Subject: x\r\n\r\ny\r\n"},
		{"DATE: b\r\n\r\n", from + id + "DATE: b\r\n\r\n"},
		{"just text\r\n", from + date + id + "\r\njust text\r\n"},
		{"\r\njust text\r\n", from + date + id + "\r\njust text\r\n"},
		{"", from + date + id + "\r\n"},
		{"Bcc: x,\r\n y\r\nFrom: a\r\nbcc: z\r\nDate: b\r\nResent-Bcc: w\r\nMessage-ID: c\r\n\r\n", "From: a\r\nDate: b\r\nMessage-ID: c\r\n\r\n"},
	} {
		var got string
		for _, piece := range d.Complete([]byte(test.raw), e) {
			got += string(piece)
		}
		if _, rest, found := strings.Cut(got, "Message-ID: <"); found {
			own, _, _ := strings.Cut(rest, "@mx.example.org")
			if len(own) < 20 {
				t.Errorf("%q: the id may come twice: %q", test.raw, own)
			}
			got = strings.Replace(got, own, "ID", 1)
		}
		if got != test.want {
			t.Errorf("%q:\n got %q\nwant %q", test.raw, got, test.want)
		}
	}
	e.Sender = "" // a receipt
	if got := fmt.Sprintf("%s", d.Complete([]byte("\r\n"), e)); !strings.Contains(got, "From: <anna@example.org>\r\n") {
		t.Errorf("a message from <>: %q", got)
	}
}

// A message that needs nothing is not copied.
func TestCompleteLeavesAlone(t *testing.T) {
	t.Parallel()
	raw := []byte("From: a\r\nDate: b\r\nMessage-ID: c\r\n\r\ntext\r\n")
	pieces := new(Delivery).Complete(raw, Envelope{})
	if len(pieces) != 1 || &pieces[0][0] != &raw[0] {
		t.Errorf("got %q", pieces)
	}
}
