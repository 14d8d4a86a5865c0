package queue

import (
	"io"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-message"
	"letterbox/delivery"
	"letterbox/mailauth"
)

// refuse lets a server refuse every recipient.
func refuse(line string) string {
	if strings.HasPrefix(line, "RCPT") {
		return "550 5.1.1 No such user"
	}
	return ""
}

// TestNotify goes through what the sender may wish to hear (RFC 3461).
func TestNotify(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		notify string
		refuse bool
		dsn    bool // the server does it
		action string
	}{
		"nothing said, refused": {"", true, true, "failed"},
		"nothing said, taken":   {"", false, true, ""},
		"never":                 {"NEVER", true, true, ""},
		"only success, refused": {"SUCCESS", true, true, ""},
		"failure":               {"SUCCESS,FAILURE", true, true, "failed"},
		"success, they do it":   {"SUCCESS", false, true, ""},
		"success, they do not":  {"SUCCESS", false, false, "relayed"},
		"only delay, refused":   {"DELAY", true, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := build(t, farZone)
			far := startMX(t)
			if c.refuse {
				far.answer(refuse)
			}
			if !c.dsn {
				far.extensions = []string{"PIPELINING"}
			}
			h.place("192.0.2.1:25", far.addr)
			h.post(&Message{
				Account: h.ann.ID, Sender: "ann@home.example", Ret: "HDRS", EnvID: "x+3Dy",
				Recipients: []Recipient{{Address: "bob@far.example", Notify: c.notify, ORcpt: "rfc822;b+2Bob@far.example"}},
			}, letter)
			h.start()
			h.empty()
			inbox := h.inbox()
			if c.action == "" {
				if len(inbox) != 0 {
					t.Errorf("Ann was told:\n%s", inbox[0])
				}
			} else if len(inbox) != 1 || !strings.Contains(inbox[0], "Action: "+c.action) ||
				!strings.Contains(inbox[0], "Original-Envelope-Id: x=y") || !strings.Contains(inbox[0], "Original-Recipient: rfc822;b+ob@far.example") {
				t.Errorf("Ann was told: %q, want %s", inbox, c.action)
			}
			if got := far.got(); len(got) == 1 && c.dsn {
				if !strings.Contains(got[0].mail, " RET=HDRS ENVID=x+3Dy") || !strings.Contains(got[0].rcpt[0], "ORCPT=rfc822;b+2Bob@far.example") ||
					c.notify != "" && !strings.Contains(got[0].rcpt[0], " NOTIFY="+c.notify) {
					t.Errorf("passed on: %q %q", got[0].mail, got[0].rcpt)
				}
			}
		})
	}
}

// TestNullSender is told nothing.
func TestNullSender(t *testing.T) {
	t.Parallel()
	h := build(t, farZone)
	far := startMX(t)
	far.answer(refuse)
	h.place("192.0.2.1:25", far.addr)
	h.start()
	h.post(&Message{Account: h.ann.ID, Sender: "", Recipients: people("bob@far.example")}, letter)
	h.empty()
	if got := h.inbox(); len(got) != 0 {
		t.Errorf("somebody was told:\n%s", got[0])
	}
}

// TestReportElsewhere sends a report about forwarded mail to its sender, who is
// not here; and nothing about a report that fails.
func TestReportElsewhere(t *testing.T) {
	t.Parallel()
	h := build(t, farZone)
	far, near := startMX(t), startMX(t)
	far.answer(refuse)
	h.place("192.0.2.1:25", far.addr)
	h.place("192.0.2.3:25", near.addr)
	h.start()
	h.post(&Message{Sender: "cem@near.example", Recipients: []Recipient{{Address: "bob@far.example", By: "club@home.example"}}}, letter)
	got := near.wait(1)
	h.empty()
	if !strings.HasPrefix(got[0].mail, "MAIL FROM:<>") || got[0].to()[0] != "cem@near.example" || !strings.Contains(got[0].data, "Action: failed") {
		t.Errorf("%+v", got[0])
	}
	near.answer(refuse)
	h.post(&Message{Sender: "cem@near.example", Recipients: []Recipient{{Address: "bob@far.example", By: "club@home.example"}}}, letter)
	h.empty()
}

// TestSignedReport is signed in the name that it is from.
func TestSignedReport(t *testing.T) {
	t.Parallel()
	h := build(t, farZone+"_dmarc.home.example. TXT \"v=DMARC1; p=reject\"\n")
	h.publishKeys("home.example")
	far, near := startMX(t), startMX(t)
	far.answer(refuse)
	h.place("192.0.2.1:25", far.addr)
	h.place("192.0.2.3:25", near.addr)
	h.start()
	h.post(&Message{Sender: "cem@near.example", Recipients: []Recipient{{Address: "bob@far.example", By: "club@home.example"}}}, letter)
	found := h.check(near.wait(1)[0], "")
	h.empty()
	if found.DMARC.Result != mailauth.Pass || found.DMARC.From != "home.example" {
		t.Errorf("%+v", found.DMARC)
	}
}

// TestNoBackscatter says nothing to a sender for whom nothing stands.
func TestNoBackscatter(t *testing.T) {
	t.Parallel()
	for result, reports := range map[mailauth.Result]int{mailauth.Pass: 1, mailauth.Fail: 0, mailauth.None: 0} {
		t.Run(string(result), func(t *testing.T) {
			t.Parallel()
			h := build(t, farZone)
			far, near := startMX(t), startMX(t)
			far.answer(refuse)
			h.place("192.0.2.1:25", far.addr)
			h.place("192.0.2.3:25", near.addr)
			h.start()
			e := delivery.Envelope{ID: "t", Sender: "cem@near.example", Received: time.Now(), Verdict: &mailauth.Verdict{
				SPF: mailauth.SPF{Result: result}, DMARC: mailauth.DMARC{Result: mailauth.None}, ARC: mailauth.ARC{Result: mailauth.None},
			}}
			must(t, h.Accept(t.Context(), e, []byte(letter), nil, &Message{
				Sender: e.Sender, Recipients: []Recipient{{Address: "bob@far.example", By: "club@home.example"}},
			}))
			h.empty()
			if got := len(near.got()); got != reports {
				t.Errorf("%d reports, want %d", got, reports)
			}
		})
	}
}

// TestFullReport gives the whole message back where that was asked for, in a form
// that others can read.
func TestFullReport(t *testing.T) {
	t.Parallel()
	h := build(t, farZone)
	far := startMX(t)
	far.answer(refuse)
	h.place("192.0.2.1:25", far.addr)
	h.start()
	h.post(&Message{Account: h.ann.ID, Sender: "ann@home.example", Ret: "FULL", Recipients: people("bob@far.example")}, letter)
	report := h.mail(1)[0]
	parts := readParts(t, report)
	if parts["message/rfc822"] != letter {
		t.Errorf("returned: %q", parts["message/rfc822"])
	}
	if _, err := mail.ReadMessage(strings.NewReader(parts["message/delivery-status"])); err != nil {
		t.Errorf("delivery-status: %v", err)
	}
}

// TestGlobalReport is in UTF-8 where an address is (RFC 6533).
func TestGlobalReport(t *testing.T) {
	t.Parallel()
	h := build(t, farZone)
	far := startMX(t)
	far.answer(refuse)
	h.place("192.0.2.1:25", far.addr)
	h.start()
	h.post(&Message{Account: h.ann.ID, Sender: "ann@home.example", SMTPUTF8: true, Recipients: people("jürgen@far.example")}, letter)
	parts := readParts(t, h.mail(1)[0])
	if !strings.Contains(parts["message/global-delivery-status"], "Final-Recipient: utf-8; jürgen@far.example") || parts["message/global-headers"] == "" {
		t.Errorf("%q", parts)
	}
}

// readParts reads a multipart message with another's eyes.
func readParts(t *testing.T, raw string) map[string]string {
	t.Helper()
	m, err := message.Read(strings.NewReader(raw))
	must(t, err)
	parts := map[string]string{}
	r := m.MultipartReader()
	if r == nil {
		t.Fatalf("not multipart:\n%s", raw)
	}
	for {
		p, err := r.NextPart()
		if err != nil {
			return parts
		}
		kind, _, err := p.Header.ContentType()
		must(t, err)
		var b strings.Builder
		if _, err := io.Copy(&b, p.Body); err != nil {
			t.Fatal(err)
		}
		parts[kind] = b.String()
	}
}
