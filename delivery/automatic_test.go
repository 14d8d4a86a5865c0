package delivery

import (
	"testing"

	"letterbox/mailauth"
)

func TestAutomatic(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		sender, header string
		want           bool
	}{
		{"carl@far.example", "Subject: Lunch?", false},
		{"carl@far.example", "Auto-Submitted: no", false},
		{"carl@far.example", "Auto-Submitted: NO (a person)", false},
		{"carl@far.example", "Precedence: first-class", false},
		{"carl@far.example", "Content-Type: multipart/mixed; boundary=x", false},
		{"carl@far.example", "X-Auto-Response-Suppress: DR, RN", false},
		{"carl@far.example", "Subject: x\r\n\r\nAuto-Submitted: auto-replied", false},
		{"postmaster@far.example", "Subject: x", false},
		{"requester@far.example", "Subject: x", false},

		{"", "Subject: x", true},
		{"carl@far.example", "auto-submitted: auto-replied (vacation)", true},
		{"carl@far.example", "Auto-Submitted:\r\n auto-generated; x=y", true},
		{"carl@far.example", "Auto-Submitted: x-new", true},
		{"carl@far.example", "List-Id: Cooks <cooks.far.example>", true},
		{"carl@far.example", "LIST-UNSUBSCRIBE: <mailto:x@far.example>", true},
		{"carl@far.example", "Precedence: Bulk", true},
		{"carl@far.example", "Precedence: list", true},
		{"carl@far.example", "X-Auto-Response-Suppress: DR, OOF", true},
		{"carl@far.example", "Content-Type: multipart/report; report-type=delivery-status", true},
		{"MAILER-DAEMON@far.example", "Subject: x", true},
		{"owner-cooks@far.example", "Subject: x", true},
		{"cooks-request@far.example", "Subject: x", true},
		{"bounces+17-anna=home.example@far.example", "Subject: x", true},
		{"NoReply@far.example", "Subject: x", true},
		{"do-not-reply@far.example", "Subject: x", true},
	} {
		if why := Automatic(test.sender, []byte(test.header+"\r\n\r\n")); (why != "") != test.want {
			t.Errorf("<%s> %q: %q", test.sender, test.header, why)
		}
	}
}

func TestDoubtful(t *testing.T) {
	t.Parallel()
	verdict := func(spf, dmarc mailauth.Result, from string) *mailauth.Verdict {
		v := new(mailauth.Verdict)
		v.SPF.Result, v.DMARC.Result, v.DMARC.From = spf, dmarc, from
		return v
	}
	for name, test := range map[string]struct {
		v    *mailauth.Verdict
		want bool
	}{
		"not looked at":           {nil, false},
		"vouched for":             {verdict(mailauth.Pass, mailauth.Pass, "far.example"), false},
		"no records":              {verdict(mailauth.None, mailauth.None, "far.example"), false},
		"disowned":                {verdict(mailauth.Pass, mailauth.Fail, "far.example"), true},
		"SPF fails":               {verdict(mailauth.SoftFail, mailauth.None, "far.example"), true},
		"forwarded, still signed": {verdict(mailauth.Fail, mailauth.Pass, "far.example"), false},
		"another signs":           {verdict(mailauth.Fail, mailauth.Pass, "evil.example"), true},
	} {
		e := Envelope{Sender: "carl@mail.far.example", Verdict: test.v}
		if got := e.Doubtful(); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
