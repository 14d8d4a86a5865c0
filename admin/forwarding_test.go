package admin

import (
	"io"
	"mime/quotedprintable"
	"regexp"
	"strings"
	"testing"
	"time"

	"letterbox/directory"
)

// askForward has somebody ask an address, and returns the token of the link.
func (h *house) askForward(t testing.TB, who, target string) string {
	t.Helper()
	u, err := h.Directory.User(t.Context(), who)
	must(t, err)
	const token = "atokenofitsown"
	must(t, h.Queue.DB.Write(t.Context(), h.Directory.AskForward(t.Context(), u.ID, target, true, token)))
	return token
}

// mailedLink is the path of the link in the one message that waits for its way out.
func (h *house) mailedLink(t *testing.T, to string) string {
	t.Helper()
	items, err := h.Queue.List(t.Context())
	must(t, err)
	if len(items) != 1 || items[0].Recipients[0].Address != to || items[0].Sender != "" {
		t.Fatalf("leaves: %+v", items)
	}
	held, err := h.Store.OpenHeld(t.Context(), 1)
	must(t, err)
	defer held.Close()
	var raw strings.Builder
	_, err = held.WriteTo(&raw)
	must(t, err)
	_, body, _ := strings.Cut(raw.String(), "\r\n\r\n")
	text, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(body)))
	must(t, err)
	link := regexp.MustCompile(`https://mail\.home\.example(/forwarding/\S+)`).FindStringSubmatch(string(text))
	if link == nil || !strings.Contains(string(text), aUser) {
		t.Fatalf("mailed:\n%s", text)
	}
	return link[1]
}

func TestForwarding(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.as(t, aUser)
	b.wants(b.get("/me/forwarding"), 200, "All your mail stays here", "/me/forwarding/add")
	b.wants(b.get("/me/forwarding/add"), 200, "A copy stays here", "checked")
	for target, says := range map[string]string{
		"no address": "This is no valid address.", "USER+x@home.example": "comes back to you", "nobody@home.example": "Nobody here has this address.",
	} {
		b.wants(b.post("/me/forwarding/add", "target", target), 422, says, `value="`+target+`"`)
	}
	b.wants(b.post("/me/forwarding/add", "target", "ann@far.example", "keep", "on"), 303, "/me/forwarding")
	b.wants(b.get("/me/forwarding"), 200, "A link was mailed to ann@far.example", "All your mail stays here", "did not agree yet")
	b.wants(b.post("/me/forwarding/add", "target", "Ann@far.example"), 422, "asked within the last three days")

	link := h.mailedLink(t, "ann@far.example")
	ann := h.as(t, "")
	ann.wants(ann.get(link), 200, aUser+" wishes to pass their mail on to ann@far.example")
	b.wants(b.get("/me/forwarding"), 200, "All your mail stays here")
	ann.wants(ann.post(link, "answer", "yes"), 200, "goes to ann@far.example from now on")
	ann.wants(ann.post(link, "answer", "yes"), 410, "This link counts no more")
	b.wants(b.get("/me/forwarding"), 200, "goes on to one address, and a copy stays here", "mail goes there", "!did not agree")
	b.wants(b.get("/me"), 200, "goes on to one address")
	b.wants(b.get("/me/forwarding/add"), 200, "!A copy stays here")

	b.wants(b.post("/me/forwarding", "keep", "no"), 303)
	b.wants(b.get("/me/forwarding"), 200, "no copy stays here")
	other := h.as(t, aHelper)
	other.wants(other.post("/me/forwarding", "stop", "ann@far.example"), 404)
	b.wants(b.post("/me/forwarding", "stop", "ann@far.example"), 303)
	b.wants(b.get("/me/forwarding"), 200, "Nothing goes to ann@far.example from now on", "All your mail stays here")

	admin := h.as(t, anAdmin)
	admin.wants(admin.get("/settings/audit"), 200, "Forwarding asked for", "Forwarding agreed to", "Forwarding stopped")
}

// TestForwardingNeedsProof: an open browser is not enough to lead mail away.
func TestForwardingNeedsProof(t *testing.T) {
	t.Parallel()
	h := build(t, func(s *Site) {
		s.Now = func() time.Time { return time.Now().Add(proofLasts + time.Minute) }
	})
	b := h.as(t, aUser)
	b.wants(b.get("/me/forwarding"), 200)
	b.wants(b.post("/me/forwarding/add", "target", "ann@far.example"), 303, "/proof?")
	if items, err := h.Queue.List(t.Context()); len(items) != 0 || err != nil {
		t.Errorf("mailed: %v, %v", items, err)
	}
}

// TestForwardingDeclined: who says no is not asked again soon.
func TestForwardingDeclined(t *testing.T) {
	t.Parallel()
	h := build(t)
	link := forwardPath + h.askForward(t, aUser, "ann@far.example")
	ann := h.as(t, "")
	ann.wants(ann.post(link), 200, "No mail for "+aUser)
	ann.wants(ann.get(link), 410)
	b := h.as(t, aUser)
	b.wants(b.get("/me/forwarding"), 200, "!ann@far.example")
	b.wants(b.post("/me/forwarding/add", "target", "ann@far.example"), 422, "asked within the last three days")
}

// TestForwardingClosed: where that is not wished nobody asks, and no earlier link
// counts; what goes on already does, until its owner stops it.
func TestForwardingClosed(t *testing.T) {
	t.Parallel()
	h := build(t, func(s *Site) { s.Machine.Forwarding = false })
	link := forwardPath + h.askForward(t, aUser, "ben@far.example")
	must(t, h.Directory.SetForward(t.Context(), directory.Forward{Address: aUser, Targets: []string{"ann@far.example"}, Keep: true}))
	b := h.as(t, aUser)
	b.wants(b.get("/me/forwarding"), 200, "Only who runs this server", "ann@far.example", "!/me/forwarding/add")
	b.wants(b.get("/me/forwarding/add"), 403, "Addresses are not added here")
	b.wants(b.post("/me/forwarding/add", "target", "eve@far.example"), 403)
	b.wants(b.post(link, "answer", "yes"), 410)
	b.wants(b.post("/me/forwarding", "stop", "ann@far.example"), 303)
	german := h.as(t, aUser)
	german.wants(german.post("/preferences", "language", "de", "to", "/"), 303)
	german.wants(german.get("/me/forwarding"), 200, "Alle Ihre Mails bleiben hier")
}
