package queue

import (
	"strings"
	"testing"
)

// TestFeatures sends by what a server says that it can do.
func TestFeatures(t *testing.T) {
	t.Parallel()
	long := letter + strings.Repeat("and so on\r\n", 20_000)
	for name, c := range map[string]struct {
		extensions []string
		to         string
		body       string
		raw        string
		utf8       bool
		mail       string // ends the MAIL command of what arrives
		status     string // that Ann is told instead
	}{
		"nothing":               {nil, "bob@far.example", "8BITMIME", letter, false, "MAIL FROM:<ann@home.example>", ""},
		"8BITMIME":              {[]string{"8BITMIME"}, "bob@far.example", "8BITMIME", letter, false, "<ann@home.example> BODY=8BITMIME", ""},
		"nothing known of body": {[]string{"8BITMIME"}, "bob@far.example", "", letter, false, "<ann@home.example>", ""},
		"too large":             {[]string{"SIZE 1000"}, "bob@far.example", "", long, false, "", "5.3.4"},
		"large enough":          {[]string{"SIZE 1000000"}, "bob@far.example", "", long, false, "", ""},
		"any size":              {[]string{"SIZE"}, "bob@far.example", "", long, false, "", ""},
		"address in UTF-8":      {[]string{"SMTPUTF8"}, "jürgen@far.example", "", letter, true, " SMTPUTF8", ""},
		"header in UTF-8":       {[]string{"SMTPUTF8"}, "bob@far.example", "", strings.Replace(letter, "Lunch", "Käse", 1), true, " SMTPUTF8", ""},
		"no need for UTF-8":     {[]string{"SMTPUTF8"}, "bob@far.example", "", letter, true, "<ann@home.example>", ""},
		"no UTF-8 there":        {nil, "jürgen@far.example", "", letter, true, "", "5.6.7"},
		"no need, none there":   {nil, "bob@far.example", "", letter, true, "<ann@home.example>", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := build(t, farZone)
			far := startMX(t)
			far.extensions = c.extensions
			h.place("192.0.2.1:25", far.addr)
			h.start()
			h.post(&Message{Account: h.ann.ID, Sender: "ann@home.example", Body: c.body, SMTPUTF8: c.utf8, Recipients: people(c.to)}, c.raw)
			h.empty()
			got, told := far.got(), h.inbox()
			if c.status != "" {
				if len(got) != 0 || len(told) != 1 || !strings.Contains(told[0], "Status: "+c.status) {
					t.Errorf("arrived: %d; told: %q", len(got), told)
				}
				return
			}
			if len(got) != 1 || !strings.HasSuffix(got[0].mail, c.mail) || !strings.HasSuffix(got[0].data, c.raw) {
				t.Errorf("arrived: %+v", got)
			}
		})
	}
}

// TestOldServer knows HELO alone.
func TestOldServer(t *testing.T) {
	t.Parallel()
	h := build(t, farZone)
	far := startMX(t)
	far.answer(func(line string) string {
		if strings.HasPrefix(line, "EHLO") {
			return "502 what?"
		}
		return ""
	})
	h.place("192.0.2.1:25", far.addr)
	h.start()
	h.submit("bob@far.example")
	far.wait(1)
	h.empty()
	if far.count("HELO mx.home.example") != 1 {
		t.Errorf("%q", far.lines)
	}
}

// TestManyRecipients go in transactions of at most a hundred.
func TestManyRecipients(t *testing.T) {
	t.Parallel()
	h := build(t, farZone)
	far := startMX(t)
	h.place("192.0.2.1:25", far.addr)
	var to []string
	for i := range 250 {
		to = append(to, "bob"+strings.Repeat("b", i)[:i%50]+string(rune('a'+i/50))+"@far.example")
	}
	h.submit(to...)
	h.start()
	got := far.wait(3)
	h.empty()
	seen := map[string]int{}
	for _, a := range got {
		if len(a.rcpt) > maxRecipients {
			t.Errorf("%d recipients at once", len(a.rcpt))
		}
		for _, address := range a.to() {
			seen[address]++
		}
	}
	if len(seen) != 250 {
		t.Errorf("%d people have it", len(seen))
	}
}

// TestRefusedAtMail refuses the sender: every recipient hears the same.
func TestRefusedAtMail(t *testing.T) {
	t.Parallel()
	for name, pipelining := range map[string]bool{"pipelining": true, "one by one": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := build(t, farZone)
			far := startMX(t)
			if !pipelining {
				far.extensions = nil
			}
			far.answer(func(line string) string {
				switch {
				case strings.HasPrefix(line, "MAIL"):
					return "550 5.7.1 Not from you"
				case strings.HasPrefix(line, "RCPT"):
					return "503 5.5.1 MAIL first"
				}
				return ""
			})
			h.place("192.0.2.1:25", far.addr)
			h.start()
			h.submit("bob@far.example", "cem@far.example")
			report := h.mail(1)[0]
			h.empty()
			if strings.Count(report, "Status: 5.7.1") != 2 {
				t.Errorf("told:\n%s", report)
			}
		})
	}
}
