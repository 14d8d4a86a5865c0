package delivery

import (
	"errors"
	"strings"
	"testing"

	"letterbox/mailauth"
)

// TestVerdict keeps what was found out with the message, puts what its author's
// domain disowns into Junk, and refuses it where that domain asks for it.
func TestVerdict(t *testing.T) {
	t.Parallel()
	d := newDelivery(t)
	for disposition, box := range map[string]string{"none": "INBOX", "quarantine": "Junk", "reject": ""} {
		e := envelope("eve@far.example")
		e.Verdict = &mailauth.Verdict{
			SPF:   mailauth.SPF{Result: mailauth.Fail, Sender: "eve@far.example"},
			DMARC: mailauth.DMARC{Result: mailauth.Fail, From: "bank.example", Policy: disposition, Disposition: disposition},
			ARC:   mailauth.ARC{Result: mailauth.None},
		}
		err := e.Refused()
		if refused := errors.Is(err, ErrForged); refused != (box == "") || refused && !strings.Contains(err.Error(), "bank.example") {
			t.Errorf("%s: refused: %v", disposition, err)
		}
		if box == "" {
			continue
		}
		check(t, d.Deliver(t.Context(), e, d.to(t, "anna@example.org"), []byte(letter), nil, nil))
		got := d.messages(t, "anna@example.org", box)
		want := "Delivered-To: anna@example.org\r\nAuthentication-Results: mx.example.org;\r\n\tspf=fail"
		if len(got) != 1 || !strings.Contains(got[0], want) {
			t.Errorf("%s: %s holds %q", disposition, box, got)
		}
	}
	if e := envelope("carl@example.net"); e.Refused() != nil || e.Suspicious() {
		t.Error("a message that was not checked is refused or suspicious")
	}
}
