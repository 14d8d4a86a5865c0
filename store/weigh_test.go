package store

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func letterFrom(who string, n int, attachment string) []byte {
	return fmt.Appendf(nil, "From: %s <%[1]s@example.net>\r\nSubject: %d\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"+
		"--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b\r\nContent-Type: application/pdf\r\n"+
		"Content-Disposition: attachment; filename=%s\r\n\r\n%s\r\n--b--\r\n", who, n, attachment, strings.Repeat("x", 1000*n))
}

func TestWeigh(t *testing.T) {
	t.Parallel()
	h := build(t)
	now := time.Now()
	put := func(box string, raw []byte, at time.Time) {
		t.Helper()
		_, err := h.Append(t.Context(), Batch{Messages: []NewMessage{{Mailbox: h.box(box), Raw: raw, Received: at}}})
		must(t, err)
	}
	put("INBOX", letterFrom("carl", 3, "a.pdf"), now.AddDate(0, -6, 0))
	put("INBOX", letterFrom("dora", 5, "b.pdf"), now)
	put("Archive", letterFrom("Carl", 3, "a.pdf"), now.AddDate(0, -6, 0))
	put("Archive", letterFrom("carl", 4, "a.pdf"), now.AddDate(0, -6, 0)) // of another length
	h.fill(h.box("Trash"), maxWeights+5)
	w, err := h.Weigh(t.Context(), alice, now.AddDate(0, -1, 0))
	must(t, err)
	names := func(list []Weight) (all []string) {
		for _, x := range list {
			all = append(all, fmt.Sprintf("%s:%d", x.Name, x.Messages))
		}
		return all
	}
	for what, test := range map[string]struct {
		list []Weight
		want string
	}{
		"folders":     {w.Folders, "[INBOX:2 Archive:2 Trash:25]"},
		"senders":     {w.Senders, "[carl@example.net:3 dora@example.net:1 :25]"},
		"recent":      {w.Recent, "[dora@example.net:1]"},
		"attachments": {w.Attachments, "[application/pdf:4]"},
		"duplicates":  {w.Duplicates, "[a.pdf:1]"},
	} {
		if got := fmt.Sprint(names(test.list)); got != test.want {
			t.Errorf("%s: %s, want %s", what, got, test.want)
		}
	}
	if w.Duplicates[0].Bytes != 3000 {
		t.Errorf("duplicates take %d", w.Duplicates[0].Bytes)
	}
	if len(w.Messages) != maxWeights || w.Messages[0].Sender != "dora@example.net" || w.Messages[1].Mailbox != "Archive" {
		t.Errorf("the largest: %+v", w.Messages)
	}
}
