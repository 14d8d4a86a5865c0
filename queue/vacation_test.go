package queue

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"letterbox/database"
	"letterbox/delivery"
	"letterbox/directory"
	"letterbox/mailauth"
	"letterbox/trace"
)

// toAnn is a message to Ann from elsewhere.
const toAnn = "From: Carl <carl@far.example>\r\nTo: Ann <ann@home.example>\r\nSubject: Lunch?\r\n" +
	"Message-ID: <2@far.example>\r\nReferences: <1@home.example>\r\n\r\nToday?\r\n"

// goAway lets Ann be away.
func (h *house) goAway(v directory.Vacation) {
	h.t.Helper()
	h.Delivery.Answer = h.Answer
	must(h.t, h.users.SetVacation(context.Background(), h.ann.ID, v))
}

var away1 = directory.Vacation{On: true, Text: "Back on Monday.\nÄnn"}

// arrives delivers a message to an address of ours.
func (h *house) arrives(sender, address, raw string) {
	h.t.Helper()
	h.arrivesAs(delivery.Envelope{Sender: sender}, address, raw)
}

func (h *house) arrivesAs(e delivery.Envelope, address, raw string) {
	h.t.Helper()
	to, err := h.users.Resolve(context.Background(), address)
	must(h.t, err)
	e.ID, e.For, e.Protocol, e.Received = "in1", address, "ESMTP", time.Now()
	must(h.t, h.Accept(context.Background(), e, []byte(raw), to, nil))
}

// waiting lists the recipients in the queue.
func (h *house) waiting() (all []string) {
	h.t.Helper()
	items, err := h.List(context.Background())
	must(h.t, err)
	for _, item := range items {
		for address := range item.States {
			all = append(all, item.Sender+">"+address)
		}
	}
	return all
}

// TestVacation tells a sender once that Ann is away, as RFC 3834 wants it.
func TestVacation(t *testing.T) {
	t.Parallel()
	h := build(t, farZone+"_dmarc.home.example. TXT \"v=DMARC1; p=reject\"\n")
	journal, err := trace.Open(t.Context(), filepath.Join(t.TempDir(), "trace.db"), trace.Options{})
	must(t, err)
	defer journal.Close()
	h.Delivery.Journal = journal
	h.Limits = Limits{Messages: 1, Strangers: 1, Unusual: 1, HabitTimes: 1}
	h.publishKeys("home.example")
	h.goAway(away1)
	far := startMX(t)
	h.place("192.0.2.1:25", far.addr)
	h.start()
	h.arrives("carl@far.example", "ann@home.example", toAnn)
	h.arrives("Carl@FAR.example", "ann@home.example", toAnn)
	got := far.wait(1)[0]
	h.empty()
	if len(far.got()) != 1 || !strings.Contains(got.mail, "MAIL FROM:<>") || got.to()[0] != "carl@far.example" {
		t.Errorf("%d arrived, %s to %v", len(far.got()), got.mail, got.to())
	}
	for _, want := range []string{
		"\r\nFrom: \"Ann\" <ann@home.example>\r\nTo: <carl@far.example>\r\nSubject: Auto: Lunch?\r\n",
		"\r\nIn-Reply-To: <2@far.example>\r\nReferences: <1@home.example>\r\n\t<2@far.example>\r\n",
		"\r\nAuto-Submitted: auto-replied\r\n", "\r\n\r\nBack on Monday.\r\n=C3=84nn\r\n",
	} {
		if !strings.Contains(got.data, want) {
			t.Errorf("%q is missing:\n%s", want, got.data)
		}
	}
	if found := h.check(got, ""); found.DMARC.Result != mailauth.Pass {
		t.Errorf("DMARC: %+v", found.DMARC)
	}
	if n := len(h.inbox()); n != 2 {
		t.Errorf("Ann has %d messages", n)
	}
	var sent int
	must(t, h.DB.Read(t.Context(), func(c *database.Conn) error { return c.QueryRow(`SELECT count(*) FROM sent_on`).Scan(&sent) }))
	if sent != 0 {
		t.Errorf("%d messages count to Ann's habit", sent)
	}
	h.noted(journal, "in1", "answered ann@home.example")
	h.noted(journal, "answer-in1-1", "sent carl@far.example")
}

// noted waits until Ann finds an event in a trace.
func (h *house) noted(j *trace.Journal, id, want string) {
	h.t.Helper()
	h.until(id+" says "+want, func() bool {
		found, err := j.Find(context.Background(), trace.Query{Trace: id, Viewer: h.ann.ID})
		must(h.t, err)
		for _, one := range found {
			for _, e := range one.Events {
				if string(e.Kind)+" "+e.Recipient == want {
					return true
				}
			}
		}
		return false
	})
}

// TestNotAnswered is about what no machine may answer.
func TestNotAnswered(t *testing.T) {
	t.Parallel()
	forged := new(mailauth.Verdict)
	forged.DMARC.Result = mailauth.Fail
	junk := new(mailauth.Verdict)
	junk.DMARC.Disposition = "quarantine"
	for name, test := range map[string]struct {
		e       delivery.Envelope
		away    directory.Vacation
		to, raw string
	}{
		"not away":           {away: directory.Vacation{Text: "x"}},
		"over":               {away: directory.Vacation{On: true, Text: "x", Last: "2020-01-01"}},
		"not yet":            {away: directory.Vacation{On: true, Text: "x", First: "2999-01-01"}},
		"automatic":          {raw: "Auto-Submitted: auto-replied\r\n" + toAnn},
		"a list":             {raw: "List-Id: <x.far.example>\r\n" + toAnn},
		"no sender":          {e: delivery.Envelope{Sender: "<>"}},
		"forged":             {e: delivery.Envelope{Verdict: forged}},
		"junk":               {e: delivery.Envelope{Verdict: junk}},
		"made here":          {e: delivery.Envelope{Internal: true}},
		"Bcc":                {raw: strings.Replace(toAnn, "ann@home.example", "undisclosed@far.example", 1)},
		"to a group":         {to: "club@home.example", raw: strings.Replace(toAnn, "ann@home.example", "club@home.example", 1)},
		"to the postmaster":  {to: "postmaster@home.example", raw: strings.Replace(toAnn, "ann@home.example", "postmaster@home.example", 1)},
		"to herself":         {e: delivery.Envelope{Sender: "ann@home.example"}},
		"from nobody":        {e: delivery.Envelope{Sender: "gone@home.example"}},
		"passed on from Bob": {to: "bob@home.example", raw: strings.Replace(toAnn, "ann@home.example", "bob@home.example", 1)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := build(t, farZone)
			_, err := h.users.AddUser(t.Context(), "bob@home.example", "", "correct horse 2")
			must(t, err)
			must(t, h.users.AddAlias(t.Context(), "club@home.example", "ann@home.example"))
			must(t, h.users.AddAlias(t.Context(), "club@home.example", "ann@far.example"))
			must(t, h.users.SetForward(t.Context(), directory.Forward{Address: "bob@home.example", Targets: []string{"ann@home.example"}}))
			v := test.away
			if v.Text == "" {
				v = away1
			}
			h.goAway(v)
			e, to, raw := test.e, test.to, test.raw
			switch e.Sender {
			case "":
				e.Sender = "carl@far.example"
			case "<>":
				e.Sender = ""
			}
			if to == "" {
				to = "ann@home.example"
			}
			if raw == "" {
				raw = toAnn
			}
			found, err := h.users.Resolve(t.Context(), to)
			must(t, err)
			e.ID, e.Received = "in1", time.Now()
			local := found[:0]
			for _, r := range found {
				if r.User != nil {
					local = append(local, r)
				}
			}
			must(t, h.Accept(t.Context(), e, []byte(raw), local, nil))
			if got := h.waiting(); len(got) != 0 {
				t.Errorf("answered: %v", got)
			}
		})
	}
}

// TestAnsweredAs writes from the address that was written to, or from the one that
// Ann chose.
func TestAnsweredAs(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		away                      directory.Vacation
		to, header, from, subject string
	}{
		"a plus address":  {away1, "ann+shop@home.example", "Cc: ann+shop@home.example", `"Ann" <ann+shop@home.example>`, "Auto:"},
		"an alias":        {away1, "a@home.example", "To: x@far.example, A@Home.example", `"Ann" <a@home.example>`, "Auto:"},
		"resent":          {away1, "ann@home.example", "Resent-To: Ann <ann@home.example>", `"Ann" <ann@home.example>`, "Auto:"},
		"another of hers": {away1, "a@home.example", "To: ann@home.example", `"Ann" <ann@home.example>`, "Auto:"},
		"chosen": {directory.Vacation{On: true, Text: "x", From: "Büro <a@home.example>", Subject: "Im Urlaub: März"}, "ann@home.example",
			"To: ann@home.example", "=?utf-8?q?B=C3=BCro?= <a@home.example>", "=?utf-8?q?Im_Urlaub:_M=C3=A4rz?="},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := build(t, farZone)
			must(t, h.users.AddAlias(t.Context(), "a@home.example", "ann@home.example"))
			h.goAway(test.away)
			far := startMX(t)
			h.place("192.0.2.1:25", far.addr)
			h.start()
			h.arrives("carl@far.example", test.to, test.header+"\r\n\r\nx\r\n")
			got := far.wait(1)[0].data
			if !strings.Contains(got, "From: "+test.from+"\r\n") || !strings.Contains(got, "Subject: "+test.subject) {
				t.Errorf("answered:\n%s", got)
			}
		})
	}
}

// TestBothAway lets two who are away write to each other, and each hears once.
func TestBothAway(t *testing.T) {
	t.Parallel()
	h := build(t, farZone)
	bob, err := h.users.AddUser(t.Context(), "bob@home.example", "Bob", "correct horse 2")
	must(t, err)
	h.goAway(away1)
	must(t, h.users.SetVacation(t.Context(), bob.ID, directory.Vacation{On: true, Text: "Bob is away."}))
	for range 3 {
		h.arrives("bob@home.example", "ann@home.example", toAnn)
		h.arrives("ann@home.example", "bob@home.example", strings.Replace(toAnn, "ann@", "bob@", 1))
	}
	told := 0
	for _, text := range h.inbox() {
		if strings.Contains(text, "Bob is away.") {
			told++
		}
	}
	if n := len(h.inbox()); n != 4 || told != 1 {
		t.Errorf("Ann has %d messages and was told %d times", n, told)
	}
}

// TestAnswerFails delivers though nothing can be answered.
func TestAnswerFails(t *testing.T) {
	t.Parallel()
	h := build(t, farZone)
	h.goAway(away1)
	must(t, h.DB.Write(t.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(`DROP TABLE vacation_answered`)
		return err
	}))
	h.arrives("carl@far.example", "ann@home.example", toAnn)
	if n := len(h.inbox()); n != 1 || len(h.waiting()) != 0 {
		t.Errorf("Ann has %d messages; in the queue: %v", n, h.waiting())
	}
}
