package admin

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"letterbox/delivery"
	"letterbox/queue"
)

// send puts a message into the queue and returns its number.
func (h *house) send(t testing.TB, sender string, to ...string) int64 {
	t.Helper()
	remote := &queue.Message{Sender: sender}
	for _, address := range to {
		remote.Recipients = append(remote.Recipients, queue.Recipient{Address: address})
	}
	e := delivery.Envelope{ID: "test", Sender: sender, Protocol: "ESMTP", Received: time.Now()}
	must(t, h.Queue.Accept(t.Context(), e, []byte("From: <"+sender+">\r\nSubject: <b>hello</b>\r\n\r\nHello.\r\n"), nil, remote))
	items, err := h.Queue.List(t.Context())
	must(t, err)
	return items[len(items)-1].ID
}

func TestQueue(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.as(t, anAdmin)
	b.wants(b.get("/mail"), http.StatusOK, "Nothing waits to leave", "!/mail/retry")
	one := h.send(t, aUser, "<i>ann</i>@elsewhere.example", "ben@elsewhere.example", "cid@elsewhere.example")
	two := h.send(t, "", "dora@elsewhere.example")
	page := fmt.Sprintf("/mail/%d", one)
	b.wants(b.get("/mail"), http.StatusOK, "2 messages wait to leave", page, "and 1 more", "this server (a report)", "!<i>ann")
	b.wants(b.get("/mail?q=dora"), http.StatusOK, fmt.Sprintf("/mail/%d", two), "!"+page+`"`)
	b.wants(b.get(page), http.StatusOK, "ben@elsewhere.example", "waits", "Next try", "!<i>ann")

	b.wants(b.post(page+"/hold"), http.StatusSeeOther, "/mail")
	b.wants(b.get(page), http.StatusOK, "held back")
	b.wants(b.post(page+"/retry"), http.StatusSeeOther, "/mail")
	b.wants(b.get(page), http.StatusOK, "!held back")
	b.wants(b.post("/mail/retry"), http.StatusSeeOther, "/mail")
	b.wants(b.get(page+"/drop"), http.StatusOK, "will not be delivered")
	b.wants(b.post(page+"/drop"), http.StatusSeeOther, "/mail")
	b.wants(b.get(page), http.StatusNotFound, "No longer here")
	b.wants(b.post(page+"/hold"), http.StatusNotFound, "No longer here")
	b.wants(b.get("/mail/none"), http.StatusNotFound)

	looks := h.as(t, anAuditor)
	looks.wants(looks.get(fmt.Sprintf("/mail/%d", two)), http.StatusOK, "!/hold", "!/drop")
}
