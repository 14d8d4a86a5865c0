package command

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"letterbox/trace"
)

func TestParseMoment(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 25, 10, 0, 0, 0, time.Local)
	for text, want := range map[string]time.Time{
		"":                 {},
		"2026-11-24":       time.Date(2026, 11, 24, 0, 0, 0, 0, time.Local),
		"2026-11-24 08:30": time.Date(2026, 11, 24, 8, 30, 0, 0, time.Local),
		"2h":               now.Add(-2 * time.Hour),
		"3days":            now.Add(-72 * time.Hour),
	} {
		if got, err := parseMoment(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	if _, err := parseMoment("yesterday", now); err == nil {
		t.Error("any word is a time")
	}
}

func TestDescribeTrace(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 25, 10, 0, 0, 0, time.Local)
	var got bytes.Buffer
	describeTrace(&got, trace.Trace{ID: "K3", Events: []trace.Event{
		{At: at, Kind: trace.Received, Sender: "carl@example.net", MessageID: "1@example.net", Size: 2500, Remote: netip.MustParseAddr("192.0.2.1"), Helo: "mx.example.net", Notes: []trace.Note{{Name: "spf", Text: "pass"}}},
		{At: at, Kind: trace.Delivered, Recipient: "anna@example.org", Folder: "INBOX"},
		{At: at, Kind: trace.Deferred, Recipient: "ben@example.com", Host: "mx.example.com", Reply: "451 later", Queue: 7},
	}})
	want := `2026-11-25 10:00  from <carl@example.net>  K3
  Message-ID <1@example.net>
  10:00:00  received   from 192.0.2.1, which calls itself mx.example.net, 2.5 kB
    spf: pass
  10:00:00  delivered  for anna@example.org, in INBOX
  10:00:00  deferred   for ben@example.com, by mx.example.com, number 7 in the queue, 451 later

`
	if got.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", got.String(), want)
	}
}
