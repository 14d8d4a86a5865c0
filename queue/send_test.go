package queue

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

const farZone = `
far.example.     MX 10 mx.far.example.
far.example.     MX 20 mx2.far.example.
mx.far.example.  A  192.0.2.1
mx2.far.example. A  192.0.2.2
near.example.    A  192.0.2.3
six.example.     MX 10 mx.six.example.
mx.six.example.  AAAA 2001:db8::1
mx.six.example.  A  192.0.2.4
null.example.    MX 0 .
self.example.    MX 10 mx.home.example.
self.example.    MX 20 mx.far.example.
backup.example.  MX 10 mx.far.example.
backup.example.  MX 20 mx.home.example.
hollow.example.  MX 10 nowhere.example.
`

// TestSend sends a message as it was written, to two people of one domain in one
// transaction.
func TestSend(t *testing.T) {
	t.Parallel()
	h := build(t, farZone)
	far := startMX(t)
	h.place("192.0.2.1:25", far.addr)
	h.start()
	h.submit("bob@far.example", "Cem@FAR.example")
	got := far.wait(1)
	h.empty()
	if len(got) != 1 || !slices.Equal(got[0].to(), []string{"Cem@FAR.example", "bob@far.example"}) {
		t.Fatalf("arrived: %+v", got)
	}
	if !strings.HasPrefix(got[0].mail, "MAIL FROM:<ann@home.example> SIZE=") {
		t.Errorf("%q", got[0].mail)
	}
	if !strings.HasSuffix(got[0].data, letter) || !strings.HasPrefix(got[0].data, "Received: by mx.home.example") {
		t.Errorf("arrived:\n%s", got[0].data)
	}
	if refs := h.inbox(); len(refs) != 0 {
		t.Errorf("Ann heard of it: %q", refs)
	}
}

// TestWhere goes through the ways to a domain.
func TestWhere(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		domain string
		server string // that takes it
		report string // that Ann gets instead
	}{
		"second server":     {"far.example", "192.0.2.2:25", ""},
		"no MX":             {"near.example", "192.0.2.3:25", ""},
		"IPv6":              {"six.example", "[2001:db8::1]:25", ""},
		"IPv4 instead":      {"six.example", "192.0.2.4:25", ""},
		"we are the backup": {"backup.example", "192.0.2.1:25", ""},
		"address literal":   {"[192.0.2.7]", "192.0.2.7:25", ""},
		"IPv6 literal":      {"[IPv6:2001:db8::7]", "[2001:db8::7]:25", ""},
		"null MX":           {"null.example", "", "takes no mail at all"},
		"no domain":         {"nowhere.example", "", "spelled right"},
		"we are the first":  {"self.example", "", "does not know that domain"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := build(t, farZone)
			server := startMX(t)
			if c.server != "" {
				h.place(c.server, server.addr)
			}
			h.start()
			h.submit("bob@" + c.domain)
			if c.server != "" {
				server.wait(1)
				h.empty()
				return
			}
			report := h.mail(1)[0]
			h.empty()
			if !strings.Contains(report, c.report) {
				t.Errorf("report:\n%s", report)
			}
		})
	}
}

// TestReuse sends many messages over few connections.
func TestReuse(t *testing.T) {
	t.Parallel()
	h := build(t, farZone)
	far := startMX(t)
	h.place("192.0.2.1:25", far.addr)
	const n = 40
	for i := range n {
		h.submit(fmt.Sprintf("bob%d@far.example", i))
	}
	h.start()
	far.wait(n)
	h.empty()
	far.mu.Lock()
	defer far.mu.Unlock()
	if most := h.mostConnections(); far.connections > 8 || most > 4 {
		t.Errorf("%d connections, %d at a time", far.connections, most)
	}
}

// TestMixedReplies gives three recipients three answers: one has the message, one
// is reported, one waits.
func TestMixedReplies(t *testing.T) {
	t.Parallel()
	h := build(t, farZone)
	far := startMX(t)
	far.answer(func(line string) string {
		switch {
		case strings.HasPrefix(line, "RCPT TO:<gone"):
			return "550-5.1.1 No such user here.\n550 5.1.1 Really."
		case strings.HasPrefix(line, "RCPT TO:<later"):
			return "450 4.2.0 Greylisted, please try again in 300 seconds"
		}
		return ""
	})
	h.place("192.0.2.1:25", far.addr)
	h.start()
	h.submit("bob@far.example", "gone@far.example", "later@far.example")
	got := far.wait(1)
	if !slices.Equal(got[0].to(), []string{"bob@far.example"}) {
		t.Errorf("took it: %v", got[0].to())
	}
	report := h.mail(1)[0]
	for _, want := range []string{
		"Return-Path: <>", "Auto-Submitted: auto-replied", "report-type=delivery-status",
		"Subject: Not delivered \"Lunch?\"", "In-Reply-To: <1@home.example>",
		"There is no such address there.", "mx.far.example said: 550 5.1.1 No such user here. Really.",
		"Reporting-MTA: dns; mx.home.example", "Final-Recipient: rfc822; gone@far.example", "Action: failed", "Status: 5.1.1",
		"Diagnostic-Code: smtp; 550 5.1.1 No such user here. Really.", "Content-Type: text/rfc822-headers",
	} {
		if !strings.Contains(report, want) {
			t.Errorf("the report lacks %q:\n%s", want, report)
		}
	}
	if strings.Contains(report, "later@") || strings.Contains(report, "bob@far.example\r\nAction") || strings.Contains(report, "at noon") {
		t.Errorf("the report says too much:\n%s", report)
	}
	items, err := h.List(t.Context())
	must(t, err)
	if len(items) != 1 {
		t.Fatalf("%d messages wait", len(items))
	}
	states := map[string]string{}
	for _, s := range items[0].Progress {
		states[s.Address] = fmt.Sprint(s.State, s.Attempts)
	}
	if want := "map[bob@far.example:sent1 gone@far.example:failed1 later@far.example:waiting1]"; fmt.Sprint(states) != want {
		t.Errorf("%v, want %s", states, want)
	}
}
