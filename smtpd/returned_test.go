package smtpd

import (
	"slices"
	"strings"
	"testing"

	"letterbox/directory"
	"letterbox/trace"
)

// TestReturned: what somebody passed on and what comes back stays with them, and goes
// nowhere any more.
func TestReturned(t *testing.T) {
	t.Parallel()
	const ben = "ben@example.org"
	for name, test := range map[string]struct {
		to       string
		forwards []directory.Forward
		anna     int // copies
		ben      int
		queued   int
		answer   string
	}{
		"kept nothing": {annaAddress, []directory.Forward{{Address: annaAddress, Targets: []string{"anna@far.example"}}}, 1, 0, 0, "250"},
		"kept a copy":  {annaAddress, []directory.Forward{{Address: annaAddress, Targets: []string{"anna@far.example"}, Keep: true}}, 1, 0, 0, "250"},
		"by a housemate": {annaAddress, []directory.Forward{{Address: annaAddress, Targets: []string{ben}},
			{Address: ben, Targets: []string{"ben@far.example"}}}, 1, 0, 0, "250"},
		"redirected by the housemate": {annaAddress, []directory.Forward{{Address: annaAddress, Targets: []string{ben}}}, 1, 0, 0, "250"},
		"by a group":                  {"two@example.org", []directory.Forward{{Address: annaAddress, Targets: []string{"anna@far.example"}}}, 1, 1, 0, "250"},
		"by an alias elsewhere":       {"club@example.org", nil, 0, 0, 0, "554"},
		"passed on by nobody":         {annaAddress, nil, 0, 0, 0, "554"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			for _, alias := range [][2]string{{"two@example.org", annaAddress}, {"two@example.org", ben}, {"club@example.org", "c@far.example"}} {
				check(t, h.directory.AddAlias(t.Context(), alias[0], alias[1]))
			}
			for _, f := range test.forwards {
				check(t, h.directory.SetForward(t.Context(), f))
			}
			caller := call(t, h.server(Config{}), doorMX, "192.0.2.1")
			defer caller.close()
			got := caller.send("carl@example.net", test.to, "Delivered-To: "+strings.ToUpper(test.to)+"\r\nSubject: x\r\n\r\nx")
			anna, bens := len(h.messages(t, annaAddress, "INBOX")), len(h.messages(t, ben, "INBOX"))
			if n := len(h.queued(t)); got != test.answer || anna != test.anna || bens != test.ben || n != test.queued {
				t.Errorf("%s: %d copies with Anna, %d with Ben, %d leave", got, anna, bens, n)
			}
		})
	}
}

// TestReturnedIsNoted, for who looks where their mail is.
func TestReturnedIsNoted(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	check(t, h.directory.SetForward(t.Context(), directory.Forward{Address: annaAddress, Targets: []string{"anna@far.example"}}))
	caller := call(t, h.server(Config{}), doorMX, "192.0.2.1")
	caller.send("carl@example.net", annaAddress, "Subject: x\r\n\r\nx")
	caller.send("carl@example.net", annaAddress, "Delivered-To: "+annaAddress+"\r\nSubject: x\r\n\r\nx")
	caller.close()
	got := h.traced(t, trace.Query{Viewer: int64(h.account(t, annaAddress))})
	for _, want := range []string{
		"queued <> anna@far.example||||by " + annaAddress + "\n",
		"delivered <> " + annaAddress + "||INBOX||rule it was passed on and came back\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing:\n%s", want, got)
		}
	}
	if got := h.traced(t, trace.Query{Viewer: int64(h.account(t, "ben@example.org"))}); got != "" {
		t.Errorf("Ben sees:\n%s", got)
	}
}

// TestAwayAndPassedOn: who is away is answered for, where the mail goes on, too; but
// not for what came back.
func TestAwayAndPassedOn(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		target, header string
		want           []string
	}{
		"elsewhere":   {"anna@far.example", "", []string{":carl@example.net", "carl@example.net:anna@far.example"}},
		"housemate":   {"ben@example.org", "", []string{":carl@example.net"}},
		"came back":   {"anna@far.example", "Delivered-To: " + annaAddress + "\r\n", nil},
		"from a list": {"anna@far.example", "List-Id: <l.example.net>\r\n", []string{"carl@example.net:anna@far.example"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.queue.Delivery.Answer = h.queue.Answer
			anna := int64(h.account(t, annaAddress))
			check(t, h.directory.SetVacation(t.Context(), anna, directory.Vacation{On: true, Text: "I am away."}))
			check(t, h.directory.SetForward(t.Context(), directory.Forward{Address: annaAddress, Targets: []string{test.target}}))
			caller := call(t, h.server(Config{}), doorMX, "192.0.2.1")
			defer caller.close()
			text := test.header + "From: carl@example.net\r\nTo: " + annaAddress + "\r\nSubject: x\r\n\r\nx"
			if got := caller.send("carl@example.net", annaAddress, text); got != "250" {
				t.Fatalf("refused: %s", got)
			}
			if got := h.queued(t); !slices.Equal(got, test.want) {
				t.Errorf("leaves: %q, want %q", got, test.want)
			}
		})
	}
}
