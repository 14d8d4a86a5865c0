package smtpd

import (
	"fmt"
	"strings"
	"testing"

	"letterbox/trace"
)

// traced is what the journal says about an address, a line an event.
func (h *house) traced(t *testing.T, q trace.Query) string {
	t.Helper()
	found, err := h.journal.Find(t.Context(), q)
	check(t, err)
	var b strings.Builder
	for _, message := range found {
		for _, e := range message.Events {
			reply, _, _ := strings.Cut(e.Reply, ";")
			fmt.Fprintf(&b, "%s <%s> %s|%s|%s|%s", e.Kind, e.Sender, e.Recipient, e.MessageID, e.Folder, reply)
			for _, n := range e.Notes {
				fmt.Fprintf(&b, "|%s %s", n.Name, n.Text)
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

// TestJournal notes of each message who sent it, what was found out, and in which
// folder it is or why it was refused.
func TestJournal(t *testing.T) {
	t.Parallel()
	text := func(author string) string { return "From: " + author + "\r\nMessage-ID: <1@there.example>\r\n\r\nx" }
	for name, test := range map[string]struct{ from, sender, want string }{
		"accepted": {"192.0.2.1", "eve@good.example",
			"received <eve@good.example> |1@there.example|||spf pass|dmarc pass good.example, to do: none|arc none\n" +
				"delivered <> anna@example.org||INBOX|\n"},
		"junk": {"192.0.2.9", "eve@soft.example",
			"received <eve@soft.example> |1@there.example|||spf fail|dmarc fail soft.example, to do: quarantine|arc none\n" +
				"delivered <> anna@example.org||Junk||rule the author's domain disowns it (DMARC)\n"},
		"refused": {"192.0.2.9", "eve@good.example",
			"refused <eve@good.example> anna@example.org|1@there.example||550 5.7.1 the author's domain does not stand for this message: " +
				"good.example wants mail refused that neither is signed by it nor comes from its servers (DMARC)" +
				"|spf fail|dmarc fail good.example, to do: reject|arc none\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, srv := judging(t)
			caller := call(t, srv, doorMX, test.from)
			caller.send(test.sender, annaAddress, text(test.sender))
			caller.close()
			if got := h.traced(t, trace.Query{Account: int64(h.account(t, annaAddress))}); got != test.want {
				t.Errorf("noted:\n%swant:\n%s", got, test.want)
			}
		})
	}
}

// TestJournalOfRefusals notes what never got as far as a message.
func TestJournalOfRefusals(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.limit(t, "ben@example.org", 10)
	caller := call(t, h.server(Config{}), doorMX, "192.0.2.1")
	caller.expect("EHLO there.example", "250")
	caller.expect("MAIL FROM:<carl@example.net> SIZE=99999999999", "552")
	caller.expect("MAIL FROM:<carl@example.net>", "250")
	caller.expect("RCPT TO:<nobody@example.org>", "550")
	caller.expect("RCPT TO:<carl@example.com>", "550")
	caller.expect("RCPT TO:<ben@example.org>", "250")
	caller.expect("DATA", "354")
	caller.expect("Subject: more than ten bytes\r\n\r\nx\r\n.", "552")
	caller.close()
	got := h.traced(t, trace.Query{})
	for _, want := range []string{
		"refused <carl@example.net> nobody@example.org|||550 5.1.1 nobody here has that address\n",
		"refused <carl@example.net> carl@example.com|||550 5.7.1 this server takes no mail for that domain from here\n",
		"refused <carl@example.net> ben@example.org|||552 5.2.2 the recipient's mailbox has no room for this message\n",
		"refused <carl@example.net> |||552 5.3.4 a message may have 52428800 bytes\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("not noted: %s", want)
		}
	}
	if n := strings.Count(got, "\n"); n != 4 {
		t.Errorf("%d events:\n%s", n, got)
	}
	own := h.traced(t, trace.Query{Viewer: int64(h.account(t, "ben@example.org"))})
	if !strings.Contains(own, "552 5.2.2") || strings.Count(own, "\n") != 1 {
		t.Errorf("Ben sees:\n%s", own)
	}
}

// TestJournalOfForwarding shows to whom a message was passed on.
func TestJournalOfForwarding(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	check(t, h.directory.AddAlias(t.Context(), "club@example.org", "carl@example.net"))
	caller := call(t, h.server(Config{}), doorMX, "192.0.2.1")
	caller.send("dora@example.com", "club@example.org", "Subject: x\r\n\r\nx")
	caller.close()
	got := h.traced(t, trace.Query{Address: "carl@example.net"})
	want := "received <dora@example.com> |||\nqueued <> carl@example.net||||by club@example.org\n"
	if got != want {
		t.Errorf("noted:\n%swant:\n%s", got, want)
	}
}
