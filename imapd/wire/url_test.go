package wire

import (
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/google/go-cmp/cmp"
)

func TestParseURL(t *testing.T) {
	t.Parallel()
	token := strings.Repeat("0aF", 11)
	tests := map[string]*URL{
		"/Drafts;UIDVALIDITY=385759045/;UID=20/;section=1.MIME": {Mailbox: "Drafts", UIDValidity: 385759045, UID: 20, Section: "1.MIME"},
		"/INBOX/;UID=7":                   {Mailbox: "INBOX", UID: 7},
		";uid=7/;section=HEADER":          {UID: 7, Section: "HEADER"},
		"/;UID=7":                         {UID: 7},
		"Sent/;UID=7":                     {Relative: true, Mailbox: "Sent", UID: 7},
		"/a%2Fb/c%20%C3%A4/;UID=7":        {Mailbox: "a/b/c ä", UID: 7},
		"/x/;UID=7/;PARTIAL=0.1024":       {Mailbox: "x", UID: 7, Partial: &imap.SectionPartial{Offset: 0, Size: 1024}},
		"/x/;UID=7/;SECTION=1/;PARTIAL=5": {Mailbox: "x", UID: 7, Section: "1", Partial: &imap.SectionPartial{Offset: 5, Size: 1 << 62}},
		"imap://anna%40example.org;AUTH=*@mail.example.org:143/INBOX/;uid=20": {
			User: "anna@example.org", Host: "mail.example.org:143", Mailbox: "INBOX", UID: 20},
		"IMAP://joe@example.com/INBOX/;uid=20/;section=1.2;urlauth=submit+fred": {
			User: "joe", Host: "example.com", Mailbox: "INBOX", UID: 20, Section: "1.2", Access: "submit+fred",
			Rump: "IMAP://joe@example.com/INBOX/;uid=20/;section=1.2;urlauth=submit+fred"},
		"imap://joe@x/INBOX/;uid=2;EXPIRE=2026-12-24T18:00:00Z;URLAUTH=AuthUser:internal:" + token: {
			User: "joe", Host: "x", Mailbox: "INBOX", UID: 2, Access: "authuser", Mechanism: "INTERNAL", Token: strings.ToLower(token),
			Expire: time.Date(2026, 12, 24, 18, 0, 0, 0, time.UTC),
			Rump:   "imap://joe@x/INBOX/;uid=2;EXPIRE=2026-12-24T18:00:00Z;URLAUTH=AuthUser"},
	}
	for in, want := range tests {
		got, err := ParseURL(in)
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", in, diff)
		}
	}
	for _, in := range []string{
		"", "/", "imap://joe@x", "imap://joe@x/INBOX", "imap://joe@x/;uid=2", "imap:///INBOX/;uid=2", "http://x/INBOX/;uid=2", "//x/INBOX/;uid=2",
		"/INBOX/;UID=0", "/INBOX/;UID=", "/INBOX/;UID=x", "/INBOX/;UID=+1", "/INBOX/;UID=4294967296", "/INBOX;UIDVALIDITY=0/;UID=1", "/a%zz/;UID=1", "/a%ff/;UID=1",
		"/a%0d/;UID=1", "/x/;UID=1/;SECTION=", "/x/;UID=1/;PARTIAL=1.0", "/x/;UID=1/;PARTIAL=",
		"/x/;UID=1;URLAUTH=", "/x/;UID=1;URLAUTH=user+", "/x/;UID=1;URLAUTH=friend+x", "/x/;UID=1;URLAUTH=authuser:internal:12",
		"/x/;UID=1;URLAUTH=authuser:internal", "/x/;UID=1;EXPIRE=tomorrow;URLAUTH=authuser", "/x/;UID=1;URLAUTH=authuser:internal:" + strings.Repeat("x", 32),
		"/x/;UID=1" + strings.Repeat("0", maxURL),
	} {
		if u, err := ParseURL(in); err == nil {
			t.Errorf("%q was taken as %+v", in, u)
		}
	}
}

// Whatever is a URL of a message names one, and what is signed is its beginning.
func FuzzParseURL(f *testing.F) {
	for _, in := range []string{
		"/Drafts;UIDVALIDITY=385759045/;UID=20/;section=1.MIME", ";UID=7/;PARTIAL=1.2", "a/b/;UID=1",
		"imap://joe@x/INBOX/;uid=2;EXPIRE=2026-12-24T18:00:00Z;URLAUTH=user+x:internal:" + strings.Repeat("0", 32),
	} {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		u, err := ParseURL(in)
		if err != nil {
			return
		}
		if u.UID == 0 || u.Partial != nil && (u.Partial.Size <= 0 || u.Partial.Offset < 0) {
			t.Errorf("%q is %+v", in, u)
		}
		if (u.Access == "") != (u.Rump == "") || !strings.HasPrefix(in, u.Rump) || u.Token != "" && (u.Mechanism == "" || len(in) <= len(u.Rump)) {
			t.Errorf("%q is signed as %q", in, u.Rump)
		}
	})
}
