package command

import (
	"bytes"
	"fmt"
	"net/mail"
	"net/netip"
	"strings"
	"time"

	"letterbox/demo"
	"letterbox/trace"
)

// traceDays is how far back the demo knows what became of messages: as long as an
// appliance keeps it.
const traceDays = 30

// trace notes how a message came, once for all who have it, and where this copy went.
func (p *past) trace(m demo.Message) error {
	if m.Mailbox == "Drafts" {
		return nil
	}
	parsed, err := mail.ReadMessage(bytes.NewReader(m.Raw))
	if err != nil {
		return err
	}
	from, err := mail.ParseAddress(parsed.Header.Get("From"))
	if err != nil {
		return err
	}
	id := strings.Trim(parsed.Header.Get("Message-ID"), "<>")
	e := trace.Event{
		Trace: "demo-" + strings.TrimSuffix(id, "@"+demoDomain), At: m.Received,
		Sender: from.Address, MessageID: id, Size: int64(len(m.Raw)), Account: int64(p.accounts[m.User]),
	}
	if !p.traced[id] {
		p.traced[id] = true
		p.Journal.Record(cameBy(e, m))
	}
	if m.Mailbox == "Sent" {
		return p.traceSent(e, parsed.Header)
	}
	e.Kind, e.Recipient, e.Folder, e.Notes = trace.Delivered, m.User+"@"+demoDomain, m.Mailbox, []trace.Note{{Name: "score", Text: "0.3 of 5.0"}}
	switch m.Mailbox {
	case "INBOX":
	case "Junk":
		e.Notes = []trace.Note{
			{Name: "score", Text: "8.4 of 5.0"}, {Name: "junk", Text: "+4.6 content bank details, congratulations, prize"},
			{Name: "junk", Text: "+2.5 spf the sender's domain does not permit 203.0.113.66"}, {Name: "junk", Text: "+1.3 shouting YOU HAVE WON"},
		}
	default: // people put it there
		e.Folder = "INBOX"
	}
	p.Journal.Record(e)
	return nil
}

// cameBy is how it came: from another server, or from who sent it here.
func cameBy(e trace.Event, m demo.Message) trace.Event {
	e.Kind, e.Protocol = trace.Received, "ESMTPS TLSv1.3"
	_, domain, _ := strings.Cut(e.Sender, "@")
	if domain == demoDomain {
		e.Remote, e.Protocol = netip.MustParseAddr("192.0.2.44"), "ESMTPSA TLSv1.3"
		return e
	}
	e.Account, e.Helo, e.Remote = 0, "mx."+domain, netip.MustParseAddr("198.51.100.25")
	e.Notes = []trace.Note{{Name: "spf", Text: "pass"}, {Name: "dkim", Text: "pass " + domain}, {Name: "dmarc", Text: "pass " + domain}}
	if m.Mailbox == "Junk" {
		e.Remote = netip.MustParseAddr("203.0.113.66")
		e.Notes = []trace.Note{{Name: "spf", Text: "fail"}, {Name: "dmarc", Text: "none " + domain}}
	}
	return e
}

// traceSent notes how a message left for those who are elsewhere.
func (p *past) traceSent(e trace.Event, h mail.Header) error {
	for _, field := range []string{"To", "Cc"} {
		if h.Get(field) == "" {
			continue
		}
		list, err := h.AddressList(field)
		if err != nil {
			return fmt.Errorf("%s of %s: %w", field, e.MessageID, err)
		}
		for _, to := range list {
			_, domain, _ := strings.Cut(to.Address, "@")
			if domain == demoDomain {
				continue
			}
			e.Recipient, e.Kind, e.Host, e.Reply = to.Address, trace.Queued, "", ""
			p.Journal.Record(e)
			sent := e
			sent.At, sent.Kind, sent.Host, sent.Reply = e.At.Add(2*time.Second), trace.Sent, "mx."+domain, "250 2.0.0 OK"
			p.Journal.Record(sent)
		}
	}
	return nil
}

// traceStrays notes what the appliance turned away, and what others did.
func (p *past) traceStrays(now time.Time) {
	anna := int64(p.accounts["anna"])
	for _, e := range []trace.Event{
		{
			Trace: "demo-refused", At: now.Add(-5 * time.Hour), Kind: trace.Refused, Account: anna,
			Sender: "invoice@example.org", Recipient: "anna@" + demoDomain, Helo: "localhost", Remote: netip.MustParseAddr("203.0.113.9"),
			Reply: "550 5.7.26 example.org asks (DMARC) to refuse what it did not send",
			Notes: []trace.Note{{Name: "spf", Text: "fail"}, {Name: "dmarc", Text: "fail example.org, to do: reject"}},
		},
		{
			Trace: "demo-failed", At: now.Add(-52 * time.Hour), Kind: trace.Queued, Account: anna,
			Sender: "anna@" + demoDomain, Recipient: "nobody@example.net",
		},
		{
			Trace: "demo-failed", At: now.Add(-52*time.Hour + 3*time.Second), Kind: trace.Failed, Account: anna,
			Sender: "anna@" + demoDomain, Recipient: "nobody@example.net", Host: "mx.example.net", Reply: "550 5.1.1 no such mailbox",
		},
	} {
		p.Journal.Record(e)
	}
}
