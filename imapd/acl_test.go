package imapd

import (
	"testing"
	"time"

	"letterbox/store"
)

// Who changes rights stands in the audit log.
func TestGrantIsAudited(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user(t, "ben@example.org", annaPassword)
	check(t, h.store.Grant(t.Context(), h.box(t, annaAddress, "Sent"), h.account(t, "ben@example.org"),
		func(store.Rights) store.Rights { return store.AllRights }))
	run := &rightsRun{t: t, h: h}
	run.connect() // as ben
	run.send(`SETACL "Other Users/anna@example.org/Sent" anyone +lr`)
	run.send(`SETACL INBOX anna@example.org lr`)
	events, err := h.directory.Audit(t.Context(), time.Time{}, 10)
	check(t, err)
	want := map[string]string{
		"Other Users/anna@example.org/Sent": "anyone +lr",
		"Other Users/ben@example.org/INBOX": "anna@example.org lr",
	}
	for _, e := range events {
		if e.Action == "share.set" && e.Actor == "ben@example.org" && e.Remote == "127.0.0.1" && want[e.Subject] == e.Detail {
			delete(want, e.Subject)
		}
	}
	if len(want) > 0 {
		t.Errorf("not logged: %v", want)
	}
}

func TestLevelOf(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"anna@example.org", "a/b%c*d=e@example.org", "=2F@x", "=3D2F@x", "ä@x"} {
		level := levelOf(address)
		if back := addressOf(level); back != address {
			t.Errorf("%q became %q and then %q", address, level, back)
		}
		if _, err := store.ValidName(level); err != nil {
			t.Errorf("%q: %v", level, err)
		}
	}
}
