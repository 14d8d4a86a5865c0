package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"letterbox/history"
	"letterbox/junk"
	"letterbox/store"
	"letterbox/watch"
)

// What was said of two messages when they came.
var (
	judgedWanted = junk.Judgement{Score: 1.2, Threshold: 5, Reasons: []junk.Reason{{Name: junk.ReasonContent, Points: 1.2, Detail: "garden 0.10"}}}
	judgedJunk   = junk.Judgement{Junk: true, Score: 7.1, Threshold: 5, Reasons: []junk.Reason{
		{Name: junk.ReasonContent, Points: 4.1, Detail: "<script>alert(3)</script> 0.99"}, {Name: junk.ReasonListed, Points: 3, Detail: "list.example lists 192.0.2.1"},
	}}
)

// file puts a message into a folder of the user's, with what was said of it.
func (h *house) file(t testing.TB, folder string, j junk.Judgement, raw string) {
	t.Helper()
	box, err := h.Store.Mailbox(t.Context(), store.AccountID(h.userID()), folder)
	must(t, err)
	_, err = h.Store.Append(t.Context(), store.Batch{Messages: []store.NewMessage{{Mailbox: box.ID, Prefix: j.Field(), Raw: []byte(raw)}}})
	must(t, err)
}

// letterPath is the page about a message in a folder of the user's.
func (h *house) letterPath(t testing.TB, folder string, uid int) string {
	t.Helper()
	box, err := h.Store.Mailbox(t.Context(), store.AccountID(h.userID()), folder)
	must(t, err)
	return fmt.Sprintf("/me/junk/%d/%d", box.ID, uid)
}

// TestOwnJunk lists what came, says why it is where it is, and puts it right: that is
// learned from.
func TestOwnJunk(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.as(t, aUser)
	b.wants(b.get("/me/junk"), 200, "Nothing lies in Junk", "Words count in full from 20")
	h.file(t, "Junk", judgedJunk, hostile)
	h.file(t, "INBOX", judgedWanted, hostile)
	page := h.letterPath(t, "Junk", 1)
	b.wants(b.get("/me/junk"), 200, "One message lies in Junk", "7.1 of 5", "its words", page, "&lt;img src=x", "!<img src=x")
	b.wants(b.get("/me/junk?in=inbox"), 200, "1.2 of 5", h.letterPath(t, "INBOX", 1), "!"+page)
	b.wants(b.get(page), 200, "by the sum of its points", "+4.1", "list.example lists", "&lt;script&gt;alert(3)", "!<script>alert(3)",
		"Mail of eve@elsewhere.example from now on", "If it came now")
	for _, wrong := range []string{h.letterPath(t, "Junk", 2), h.letterPath(t, "Junk", 0), "/me/junk/1/x", "/me/junk/99999/1"} {
		b.wants(b.get(wrong), 404)
	}
	for _, who := range []string{anAdmin, aHelper} {
		other := h.as(t, who)
		other.wants(other.get(page), 404, "!eve@")
		other.wants(other.post(page), 404)
	}

	b.wants(b.post(page), 303, "/me/junk")
	b.wants(b.get("/me/junk"), 200, "It is in the inbox", "Nothing lies in Junk")
	must(t, h.Junk.Learn(t.Context()))
	b.wants(b.get("/me/junk"), 200, "0 messages of junk look like, and 1 that are wanted")
	b.wants(b.post(h.letterPath(t, "INBOX", 1)), 303, "/me/junk?in=inbox")
	b.wants(b.get("/me/junk"), 200, "One message lies in Junk")
}

// TestOwnRules are made, changed and taken back by whose mail it is, and seen by nobody
// else.
func TestOwnRules(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.as(t, aUser)
	for _, wrong := range []string{"", "nobody", "a b@example.org", "*@example.org"} {
		b.wants(b.post("/me/junk", "sender", wrong, "does", "never"), 422, "Write an address such as")
	}
	b.wants(b.post("/me/junk", "sender", "shop.example", "does", "perhaps"), 404)
	b.wants(b.post("/me/junk", "sender", "shop.example", "does", "gone"), 404)
	b.wants(b.post("/me/junk", "sender", "@Shop.example", "does", "always"), 303, "/me/junk")
	b.wants(b.get("/me/junk"), 200, "Mail of shop.example always goes to Junk", "Take back the exception for shop.example")
	b.wants(b.post("/me/junk", "sender", "shop.example", "does", "never"), 303)
	rules, err := h.Junk.Rules(t.Context(), store.AccountID(h.userID()))
	must(t, err)
	if len(rules) != 1 || rules[0].Pattern != "shop.example" || rules[0].Junk {
		t.Errorf("%+v", rules)
	}
	if got := h.actions(1); got[0] != "junk.allow "+aUser+" " { // and not whose mail
		t.Errorf("the audit log says %q", got[0])
	}
	admin := h.as(t, anAdmin)
	admin.wants(admin.get("/junk"), 200, "!shop.example")
	admin.wants(admin.get("/me/junk"), 200, "!shop.example")
	b.wants(b.post("/me/junk", "sender", "shop.example", "does", "gone"), 303)
	b.wants(b.get("/me/junk"), 200, "judged like any other", "!Take back the exception for")
}

// A mute peer never answers.
type mute struct{}

func (mute) Name() string { return "rspamd" }

func (mute) Ask(context.Context, *junk.Submission) (junk.Evidence, error) {
	return junk.Evidence{}, errors.New("<b>nobody</b> is there")
}

// TestJunkPage says how well mail is judged, who fails to answer, and what everybody
// taught; exceptions for all are an admin's.
func TestJunkPage(t *testing.T) {
	t.Parallel()
	h := build(t, watched(t, 0), func(s *Site) {
		s.Junk.Use(junk.Terms{Peers: []junk.Peer{mute{}}, Greylist: &junk.Greylist{Delay: time.Minute}})
	})
	must(t, h.Watch.History.Write(t.Context(), time.Now(), history.Minute, history.Figures{
		Counts: map[string]int64{watch.In: 100, watch.Junk: 7, watch.Wronged: 1, watch.Missed: 2},
	}))
	b := h.as(t, anAuditor)
	b.wants(b.get("/junk"), 200, "Of 300 messages that came in the last 30 days 7 went to Junk", "One of those was wanted",
		"2 were put there by hand", "not asked yet", "No letter has still to come again", "junk.threshold", "!Make an exception")
	_, err := h.Junk.Inspect(t.Context(), &junk.Submission{})
	must(t, err)
	b.wants(b.get("/junk"), 200, "mail goes on without", "&lt;b&gt;nobody")
	h.file(t, "Junk", judgedJunk, hostile)
	b.wants(b.get("/junk?sort=-filed&q=user"), 200, `<td class="number" data-label="In Junk">1</td>`, "!"+anAdmin+"</span>")

	a := h.as(t, anAdmin)
	a.wants(a.post("/junk", "sender", "nobody", "does", "never"), 422, "Write an address such as")
	a.wants(a.post("/junk", "sender", "bank.example", "does", "never"), http.StatusSeeOther, "/junk")
	a.wants(a.get("/junk"), 200, "never taken for junk", "Take back the exception for bank.example")
	if got := h.actions(1); got[0] != "junk.allow everybody bank.example" {
		t.Errorf("the audit log says %q", got[0])
	}
	b.wants(b.get("/junk"), 200, "bank.example", "!Take back the exception")
	u := h.as(t, aUser)
	u.wants(u.get("/me/junk"), 200, "One exception that holds for everybody", "bank.example", "!Take back the exception for bank.example")
}
