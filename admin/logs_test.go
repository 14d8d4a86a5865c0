package admin

import (
	"bufio"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
)

// journalise writes lines of several parts about several people.
func (h *house) journalise() *slog.Logger {
	log := slog.New(h.Book.Handler(slog.NewTextHandler(h.t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})))
	log.With("server", "imap").Info("signed in", "account", aUser, "remote", "192.0.2.7")
	log.With("part", "junk").Warn("nothing was learned", "account", h.userID())
	log.With("server", "smtp").Error("refused", "message", "4x7", "reply", "<script>alert(1)</script>")
	log.Debug("a detail")
	return log
}

// TestLogs filters by level, part, words and person.
func TestLogs(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.journalise()
	b := h.as(t, anAuditor)
	for query, found := range map[string][]string{
		"":                   {"signed in", "nothing was learned", "refused", "a detail", "&lt;script&gt;alert(1)", "!<script>alert", "/trace?q=4x7"},
		"?level=warn":        {"!signed in", "nothing was learned", "refused", "!a detail"},
		"?level=error":       {"!nothing was learned", "refused"},
		"?level=loud":        {"signed in", "a detail"},
		"?part=junk":         {"!signed in", "nothing was learned", "!refused"},
		"?q=192.0.2":         {"signed in", "!nothing was learned"},
		"?person=" + aUser:   {"signed in", "nothing was learned", "!refused"},
		"?person=" + aHelper: {"No line fits"},
		"?q=nonsense":        {"No line fits"},
	} {
		b.wants(b.get("/logs"+query), 200, found...)
	}
	for _, who := range []string{aUser, aHelper} {
		other := h.as(t, who)
		other.wants(other.get("/logs"), 403, "!signed in")
		other.wants(other.get("/logs/live?after=0"), 403)
	}
}

// TestLogsLive: a page hears of what it does not show, if it fits, and of nothing else.
func TestLogsLive(t *testing.T) {
	t.Parallel()
	h := build(t)
	log := h.journalise()
	b := h.as(t, anAdmin)
	b.wants(b.get("/logs?level=warn"), 200, `data-follow="/logs/live?after=4&amp;level=warn"`)
	b.wants(b.get("/logs/live?after=x"), 404)
	b.wants(b.get("/logs/live?after=0&level=error"), 200, "data: 3\n")
	b.wants(b.get("/logs/live?after=3&level=error"), 200, "!data")

	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.URL+"/logs/live?after=4&level=warn", nil)
	must(t, err)
	r.Header.Set("Accept", "text/event-stream")
	answer, err := b.Do(r)
	must(t, err)
	defer answer.Body.Close()
	log.Info("does not fit")
	log.Error("fits")
	line, err := bufio.NewReader(answer.Body).ReadString('\n')
	must(t, err)
	if want := fmt.Sprintln("data: 6"); line != want || !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/event-stream") {
		t.Errorf("heard %q, want %q", line, want)
	}
}
