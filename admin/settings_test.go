package admin

import (
	"testing"
	"time"
)

// actions are the last lines of the audit log: act, on what, detail.
func (h *house) actions(n int) (list []string) {
	h.t.Helper()
	events, err := h.Directory.Audit(h.t.Context(), time.Time{}, n)
	must(h.t, err)
	for _, e := range events {
		list = append(list, e.Action+" "+e.Subject+" "+e.Detail)
	}
	return list
}

func TestSettingsAreChanged(t *testing.T) {
	t.Parallel()
	anew := &counter{}
	h := build(t, func(s *Site) { s.Machine.BeginAnew = anew.call })
	b := h.as(t, anAdmin)

	b.wants(b.get("/settings"), 200, "One setting differs", "/settings/change/imap.max_connections", "/settings/careful/queue.send",
		"from letterbox.toml", "!/settings/change/hostname", "!/settings/change/junk.rspamd", "!Begin anew now")
	// What counts at once, and what waits.
	b.wants(b.post("/settings/change/junk.threshold", "value", "7"), 303, "/settings#junk.threshold")
	b.wants(b.get("/settings"), 200, "counts already", "!Begin anew now", "chosen here")
	b.wants(b.post("/settings/change/imap.max_connections", "value", "20"), 303, "/settings#imap.max_connections")
	b.wants(b.get("/settings?changed=yes"), 200, "20 from the next beginning on", "One change waits", "Begin anew now", "!queue.send")
	b.wants(b.get("/settings/change/imap.max_connections"), 200, `value="20"`, "Back to the default")
	b.wants(b.post("/settings/anew"), 303, "/settings")
	if anew.n.Load() != 1 {
		t.Error("nothing begins anew")
	}
	b.wants(b.post("/settings/change/imap.max_connections", "do", "default"), 303)
	b.wants(b.get("/settings"), 200, "!from the next beginning on")
	want := "setting.unchoose imap.max_connections "
	if got := h.actions(1); got[0] != want {
		t.Errorf("the audit log says %q, want %q", got[0], want)
	}
	// What cannot be is kept in the form, with the reason.
	b.wants(b.post("/settings/change/imap.max_connections", "value", "a <b>"), 422, "no host name", `value="a &lt;b&gt;"`)
}

func TestSettingsThatAreNotChanged(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.as(t, anAdmin)
	for path, status := range map[string]int{
		"/settings/change/hostname":           403, // the file has it
		"/settings/change/junk.rspamd":        403, // never from afar
		"/settings/change/queue.send":         404, // by way of the password alone
		"/settings/careful/junk.threshold":    404,
		"/settings/change/nothing":            404,
		"/settings/careful/nothing.whatever":  404,
		"/settings/change/junk.threshold%20x": 404,
	} {
		b.wants(b.post(path, "value", "1"), status)
	}
	chosen, err := h.Directory.Choices(t.Context())
	must(t, err)
	if len(chosen) != 0 {
		t.Errorf("chosen all the same: %v", chosen)
	}
	// Without a form, the page says where it is changed.
	b.wants(b.get("/settings/change/junk.rspamd"), 200, "changed in the file", "!<form class=\"form\"")
	// An auditor sees all and is offered nothing.
	a := h.as(t, anAuditor)
	a.wants(a.get("/settings"), 200, "queue.send", "!/settings/careful", "!/settings/change")
}

// TestCarefulSettings wants the password before what could lose mail is changed.
func TestCarefulSettings(t *testing.T) {
	t.Parallel()
	h := build(t, func(s *Site) {
		s.Now = func() time.Time { return time.Now().Add(proofLasts + time.Minute) }
	})
	b := h.as(t, anAdmin)
	b.wants(b.post("/settings/change/junk.threshold", "value", "6"), 303, "/settings#junk.threshold")
	b.wants(b.post("/settings/careful/queue.send", "value", "false"), 303, "/proof?to=%2Fsettings%2Fcareful%2Fqueue.send")
	b.wants(b.post("/proof", "password", secretOf(anAdmin), "to", "/settings/careful/queue.send"), 303, "/settings/careful/queue.send")
	chosen, err := h.Directory.Choices(t.Context())
	must(t, err)
	if _, is := chosen["queue.send"]; is || chosen["junk.threshold"] != "6" {
		t.Errorf("chosen without the password: %v", chosen)
	}
}
