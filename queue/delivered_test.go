package queue

import (
	"strings"
	"testing"
	"time"

	"letterbox/delivery"
	"letterbox/mailauth"
)

// TestDelivered reports success for recipients here (RFC 3461) to who asked for
// it and is who they say: once, and to nobody else.
func TestDelivered(t *testing.T) {
	t.Parallel()
	passed := &mailauth.Verdict{}
	passed.SPF.Result = mailauth.Pass
	wish := []Recipient{{Address: "ann@home.example", Notify: "SUCCESS", ORcpt: "rfc822;ann+2Bx@home.example"}}
	for name, c := range map[string]struct {
		delivered []Recipient
		verdict   *mailauth.Verdict
		told      bool
	}{
		"asked":              {wish, passed, true},
		"not asked":          {nil, passed, false},
		"perhaps not theirs": {wish, &mailauth.Verdict{}, false},
		"nobody looked":      {wish, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := build(t, farZone)
			near := startMX(t)
			h.place("192.0.2.3:25", near.addr)
			h.start()
			e := delivery.Envelope{ID: "ID", Sender: "cem@near.example", Protocol: "ESMTPS", Verdict: c.verdict, Received: time.Now()}
			must(t, h.Accept(t.Context(), e, []byte(letter), h.toAnn(), &Message{Sender: e.Sender, EnvID: "x+3Dy", Delivered: c.delivered}))
			if inbox := h.inbox(); len(inbox) != 1 || !strings.HasSuffix(inbox[0], letter) {
				t.Errorf("Ann has %q", inbox)
			}
			if c.told {
				near.wait(1)
			}
			h.empty()
			got := near.got()
			if !c.told {
				if len(got) != 0 {
					t.Errorf("somebody was told: %+v", got)
				}
				return
			}
			if len(got) != 1 || got[0].to()[0] != "cem@near.example" || !strings.HasPrefix(got[0].mail, "MAIL FROM:<>") {
				t.Fatalf("told: %+v", got)
			}
			for _, want := range []string{
				"Action: delivered", "Status: 2.1.5", "Original-Envelope-Id: x=y",
				"Original-Recipient: rfc822;ann+x@home.example", "Final-Recipient: rfc822; ann@home.example",
			} {
				if !strings.Contains(got[0].data, want) {
					t.Errorf("%q is missing in\n%s", want, got[0].data)
				}
			}
		})
	}
}

// TestDeliveredToColleague: a user hears of another user, and of somebody
// elsewhere, in messages apart.
func TestDeliveredToColleague(t *testing.T) {
	t.Parallel()
	h := build(t, farZone)
	far := startMX(t)
	far.extensions = []string{"PIPELINING"} // it makes no reports
	h.place("192.0.2.1:25", far.addr)
	h.start()
	must(t, h.accept(nil, &Message{
		Account: h.ann.ID, Sender: "ann@home.example",
		Recipients: []Recipient{{Address: "bob@far.example", Notify: "SUCCESS"}},
		Delivered:  []Recipient{{Address: "club@home.example", Notify: "SUCCESS"}},
	}))
	h.empty()
	inbox := strings.Join(h.inbox(), "")
	for _, action := range []string{"Action: delivered", "Action: relayed"} {
		if strings.Count(inbox, action) != 1 {
			t.Errorf("not once %q in\n%s", action, inbox)
		}
	}
}
