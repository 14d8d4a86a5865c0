package admin

import (
	"net/netip"
	"testing"
	"time"

	"letterbox/store"
	"letterbox/telemetry"
)

// TestAbsentDevices: a phone that was here three days ago has missed what has come
// since; one that is here is not absent.
func TestAbsentDevices(t *testing.T) {
	t.Parallel()
	h := build(t, watched(t, 1), func(s *Site) {
		s.Now = func() time.Time { return time.Now().Add(3*24*time.Hour + time.Hour) }
	})
	h.put("INBOX", "Subject: a\r\n\r\n\r\n")
	inbox, err := h.Store.Mailbox(t.Context(), store.AccountID(h.userID()), "INBOX")
	must(t, err)
	for _, name := range []string{"Anna's phone", "Anna's <b>desk</b>", "Nothing selected"} {
		s := h.Telemetry.Open("imap", netip.MustParseAddr("192.0.2.7"), func() {})
		s.SignedIn(h.userID(), aUser, "PLAIN", telemetry.AppPassword{ID: int64(len(name)), Name: name})
		if name != "Nothing selected" {
			s.Knows(int64(inbox.ID), uint64(inbox.ModSeq))
		}
		must(t, h.Watch.History.Devices(t.Context(), []telemetry.Glance{s.Glance()}))
		if name == "Anna's phone" {
			s.Close("logout")
		}
	}
	b := h.as(t, anAdmin)
	b.wants(b.get("/sessions"), 200, "Devices that are not here now", "Anna&#39;s phone", "nothing")
	b.wants(b.get("/overview"), 200, "!fall behind")
	h.put("INBOX", "Subject: b\r\n\r\n\r\n", "Subject: c\r\n\r\n\r\n")
	b.wants(b.get("/sessions"), 200, "2 changes", "!<b>desk")
	b.wants(b.get("/overview"), 200, "Devices that fall behind", "of "+aUser+": 3 days and 2 changes behind", "!desk")
}
