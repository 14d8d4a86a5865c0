package admin

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// report lets somebody report about home.example, as of yesterday.
func (h *house) report(file string, change ...string) {
	h.t.Helper()
	text, err := os.ReadFile("../report/testdata/" + file)
	must(h.t, err)
	day := time.Now().AddDate(0, 0, -1)
	change = append(change, "1763942400", fmt.Sprint(day.Unix()), "1764028799", fmt.Sprint(day.Unix()+3600),
		"2026-11-24T00:00:00Z", day.UTC().Format(time.RFC3339), "2026-11-24T23:59:59Z", day.UTC().Add(time.Hour).Format(time.RFC3339),
		"example.org", "home.example")
	changed := strings.NewReplacer(change...).Replace(string(text))
	must(h.t, h.Feedback.Take(h.t.Context(), nil, "x@search.example", []byte("From: x@search.example\r\n\r\n"+changed)))
}

// TestReports says in words what others report, in both languages, and takes nothing
// that they wrote for anything but text.
func TestReports(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.as(t, anAdmin)
	b.wants(b.get("/domains/home.example"), http.StatusOK, `href="/domains/home.example/reports"`)
	b.wants(b.get("/domains/home.example/reports"), http.StatusOK, "No other server has reported yet")
	b.wants(b.get("/domains/elsewhere.example/reports"), http.StatusNotFound)
	h.report("dmarc-1.xml")
	h.report("tls-1.json", "mail.example.org", "<b>mail</b>")
	b.wants(b.get("/domains/home.example/reports"), http.StatusOK,
		"2 reports within 30 days: 41 of 53 messages", "Mailchimp", "198.51.100.77", "stands for its mail as mail198.atl81.rsgsv.net",
		"If Mailchimp sends for you", "12 of 14 connections", "2 times: the certificate of &lt;b&gt;mail&lt;/b&gt; had expired",
		"Reported by search.example.", "!<b>mail")
	looks := h.as(t, anAuditor)
	looks.wants(looks.get("/domains/home.example/reports"), http.StatusOK, "Mailchimp")
	looks.post("/preferences", "language", "de")
	looks.wants(looks.get("/domains/home.example/reports"), http.StatusOK, "2 Berichte in 30 Tagen", "war abgelaufen", "Berichtet von search.example.")
	helps := h.as(t, aHelper)
	helps.wants(helps.get("/domains/home.example/reports"), http.StatusForbidden)
}
