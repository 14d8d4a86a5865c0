package appliance

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"letterbox/store"
)

// TestRetention: the owner is told before anything goes, once, and what is due a
// week later goes.
func TestRetention(t *testing.T) {
	t.Parallel()
	l := newLodging(t)
	l.Config.Mail.UndeleteDays = 100 // the nights come quicker here than the days
	box, err := l.Store.Mailbox(t.Context(), l.anna, "INBOX")
	must(t, err)
	must(t, l.Store.SetMetadata(t.Context(), box.ID, l.anna, []store.Annotation{{Name: store.RetentionEntry, Value: []byte("10")}}))
	held := func() int64 {
		t.Helper()
		u, _, err := l.Store.Usage(t.Context(), l.anna)
		must(t, err)
		return u.Messages
	}
	now := time.Now()
	night := func(day int) {
		t.Helper()
		if said := l.night(t, now.AddDate(0, 0, day)); strings.Contains(said, "level=ERROR") {
			t.Error(said)
		}
	}
	night(9)
	if n := held(); n != 20 {
		t.Fatalf("%d messages before anything is due", n)
	}
	night(11)
	got := l.inbox(t, 21)
	if len(got) != 1 || !bytes.Contains(got[0], []byte("Subject: Old messages will be removed")) || !bytes.Contains(got[0], []byte("10 days")) {
		t.Fatalf("told: %s", got)
	}
	night(17)
	if n := held(); n != 21 {
		t.Fatalf("%d messages in the week after that", n)
	}
	night(18)
	if n := held(); n != 0 { // what was told came when the test ran
		t.Errorf("%d messages are left", n)
	}
	night(19)
	if back, err := l.Store.Restore(t.Context(), l.anna, nil); back.Messages != 21 || err != nil {
		t.Errorf("%+v came back, %v", back, err)
	}
}
