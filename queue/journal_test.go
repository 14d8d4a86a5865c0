package queue

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"letterbox/trace"
)

// TestJournal notes every attempt under the name that the message had when it
// came, and what becomes of it in the end.
func TestJournal(t *testing.T) {
	t.Parallel()
	h := build(t, farZone)
	journal, err := trace.Open(t.Context(), filepath.Join(t.TempDir(), "trace.db"), trace.Options{})
	must(t, err)
	defer journal.Close()
	h.Delivery.Journal = journal
	far := startMX(t)
	tries := 0
	far.answer(func(line string) string {
		switch {
		case strings.HasPrefix(line, "RCPT TO:<gone"):
			return "550 5.1.1 no such user"
		case strings.HasPrefix(line, "RCPT TO:<slow"):
			if tries++; tries == 1 {
				return "451 4.7.1 later"
			}
		}
		return ""
	})
	h.place("192.0.2.1:25", far.addr)
	h.start()
	h.submit("bob@far.example", "gone@far.example", "slow@far.example")
	far.wait(1)
	h.until("the slow one was tried", func() bool {
		items, err := h.List(t.Context())
		must(t, err)
		return len(items) == 1 && items[0].States["slow@far.example"] == "waiting" && items[0].Progress[2].Attempts == 1
	})
	must(t, h.RetryAll(t.Context()))
	h.empty()
	h.mail(1)
	var found []trace.Trace
	h.until("all is noted", func() bool {
		found, err = journal.Find(t.Context(), trace.Query{Trace: "t1", Viewer: h.ann.ID})
		must(t, err)
		return len(found) == 1 && len(found[0].Events) >= 7
	})
	var got string
	for _, e := range found[0].Events {
		got += fmt.Sprintf("%s %s %s|%s\n", e.Kind, e.Recipient, e.Host, e.Reply)
	}
	for _, want := range []string{
		"queued bob@far.example |\n", "queued gone@far.example |\n", "queued slow@far.example |\n",
		"sent bob@far.example mx.far.example|250 ", "failed gone@far.example mx.far.example|550 5.1.1 no such user\n",
		"deferred slow@far.example mx.far.example|451 4.7.1 later\n", "sent slow@far.example mx.far.example|250 ",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("not noted: %s", want)
		}
	}
	if n := strings.Count(got, "\n"); n != 7 {
		t.Errorf("%d events:\n%s", n, got)
	}
	reports, err := journal.Find(t.Context(), trace.Query{Address: "ann@home.example"})
	must(t, err)
	if len(reports) != 1 || !strings.HasPrefix(reports[0].ID, "report-") || reports[0].Events[0].Folder != "INBOX" {
		t.Errorf("the report to Ann: %+v", reports)
	}
}
