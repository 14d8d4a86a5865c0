package admin

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"letterbox/directory"
	"letterbox/finding"
	"letterbox/habit"
	"letterbox/history"
	"letterbox/phrase"
	"letterbox/telemetry"
	"letterbox/watch"
)

// watched gives a site a history of so many days, and somebody who looks.
func watched(t testing.TB, days int) func(*Site) {
	return func(s *Site) {
		h, err := history.Open(t.Context(), filepath.Join(t.TempDir(), "telemetry.db"), history.Options{})
		must(t, err)
		t.Cleanup(func() { must(t, h.Close()) })
		s.Watch = &watch.Watch{
			History: h, Telemetry: s.Telemetry, Log: slog.New(slog.DiscardHandler), Now: time.Now,
			Sources: []func(context.Context) []finding.Finding{
				func(context.Context) []finding.Finding { return s.Telemetry.Habits().Findings() },
			},
		}
		var spread telemetry.Spread
		for day := days; day >= 0; day-- {
			spread.Observe(time.Duration(day%20+1) * time.Millisecond)
			counts := spread.Take()
			grown := int64(days-day)*50_000_000 + 1_000_000_000
			must(t, h.Write(t.Context(), time.Now().Add(-time.Duration(day)*24*time.Hour), history.Minute, history.Figures{
				Levels: map[string]int64{
					watch.Storage: grown, watch.Disk: grown / 2, watch.Free: 20_000_000_000 - grown, watch.Queue: int64(day % 3),
					watch.Sessions: int64(10 + day%7), watch.Account + aUser: grown / 4,
				},
				Counts: map[string]int64{
					watch.In: int64(200 + day%50), watch.Out: int64(40 + day%9), watch.Junk: int64(day % 20), watch.Refused: int64(day % 30),
					watch.TLS13: 500, watch.TLS12: int64(day % 40), watch.Plain: int64(day % 5), watch.Exposed: int64(day % 2),
				},
				Spreads: map[string]telemetry.Counts{
					watch.Latency + "select": counts, watch.Latency + "body": counts, watch.Latency + "sync.idle": counts, watch.Latency + "sync.poll": counts,
				},
			}))
		}
	}
}

var somewhere = netip.MustParseAddr("192.0.2.7")

// connect makes so many sessions of so many users.
func connect(s *Site, sessions, users int) {
	for i := range sessions {
		open := s.Telemetry.Open("imap", somewhere, func() {})
		address := aUser
		if users > 1 {
			address = fmt.Sprintf("user%d@home.example", i%users)
		}
		open.SignedIn(int64(i%users+1), address, "PLAIN", telemetry.AppPassword{})
		open.Introduced(habit.Client{Name: "Thunderbird", Version: "140.2", OS: "Linux"})
		open.Waits(telemetry.Idles)
	}
}

// The pages that look at the appliance, in every language.
var watchPages = []string{
	"/overview", "/overview?span=hour", "/overview?span=years", "/sessions", "/sessions?sort=-sent&q=thunder", "/performance",
	"/performance?span=year", "/storage", "/storage?span=month", "/storage?span=year&account=" + aUser, "/encryption", "/encryption?span=month",
}

// No page has a text that is missing, in no language, or a figure that was not
// filled in.
func TestWatchPages(t *testing.T) {
	t.Parallel()
	h := build(t, watched(t, 40))
	connect(h.Site, 3, 1)
	h.Telemetry.Exposed("imap", aUser, somewhere)
	for _, l := range phrase.Known() {
		b := h.as(t, anAdmin)
		b.set(languageCookie, l.Tag())
		for _, path := range watchPages {
			answer := b.get(path)
			if answer.Status != 200 || !strings.Contains(answer.Body, `lang="`+l.Tag()+`"`) {
				t.Fatalf("%s: %d", path, answer.Status)
			}
			for _, wrong := range []string{"%!", "overview.", "sessions.", "performance.", "chart.", "storage.", "encryption.", "finding.", "range.", "NaN"} {
				if at := strings.Index(answer.Body, wrong); at >= 0 {
					t.Errorf("%s in %s: %q", path, l.Name(), answer.Body[max(0, at-60):min(len(answer.Body), at+60)])
				}
			}
		}
	}
}

// A page that shows everything weighs less than 100 kB.
func TestOverviewIsLight(t *testing.T) {
	t.Parallel()
	h := build(t, watched(t, 740))
	connect(h.Site, 500, 100)
	for i := range 10 {
		h.Telemetry.Exposed("imap", fmt.Sprintf("user%d@home.example", i), somewhere)
	}
	b := h.as(t, anAdmin)
	for _, path := range watchPages {
		if n := len(b.get(path).Body); n > 100_000 {
			t.Errorf("%s has %d bytes", path, n)
		}
	}
}

// A finding is told with its remedy, put out of sight, and shown again.
func TestFindings(t *testing.T) {
	t.Parallel()
	h := build(t, watched(t, 1))
	b := h.as(t, anAdmin)
	if page := b.get("/overview"); !strings.Contains(page.Body, "Everything that was looked at works.") {
		t.Errorf("nothing is wrong: %.2000s", page.Body)
	}
	h.Telemetry.Exposed("imap", "<b>anna@example.org", somewhere)
	page := b.get("/overview")
	for _, want := range []string{"one thing needs you now", "&lt;b&gt;anna@example.org", "port 993", "192.0.2.7"} {
		if !strings.Contains(page.Body, want) {
			t.Errorf("no %q", want)
		}
	}
	id := h.Telemetry.Habits().Findings()[0].ID()
	b.post("/findings/dismiss", "id", id, "for", "week")
	if page := b.get("/overview"); strings.Contains(page.Body, "port 993") || !strings.Contains(page.Body, "One more is out of sight") {
		t.Error("it is still in sight")
	}
	b.post("/findings/recall")
	if page := b.get("/overview"); !strings.Contains(page.Body, "port 993") {
		t.Error("it is still out of sight")
	}
	events, err := h.Directory.Audit(t.Context(), time.Now().Add(-time.Hour), 10)
	must(t, err)
	if !slices.ContainsFunc(events, func(e directory.Event) bool { return e.Action == "finding.dismiss" && e.Actor == anAdmin }) {
		t.Errorf("the audit log has %v", events)
	}
}

// Every kind of finding has its texts, in every language, with figures that fit.
func TestEveryFindingHasTexts(t *testing.T) {
	t.Parallel()
	d := []any{"anna@example.org", "Phone"}
	kinds := map[string][]any{
		habit.Polling: append(d, 7), habit.Resyncing: append(d, 10, "INBOX", 300), habit.Again: append(d, 8, finding.Bytes(9000)),
		habit.Flapping: append(d, 15), habit.SentTwice: append(d, "Laptop"), habit.Drafts: append(d, 20), habit.Emptying: append(d, 20, 2),
		habit.LeftDeleted: append(d, "INBOX", 60), habit.Fight: append(d, "Laptop", 7, `\Flagged`), habit.DoubleUse: append(d, "Gesendet", "Sent"),
		habit.Exposed: {"anna@example.org", "192.0.2.7", "imap"}, habit.Stale: {"anna@example.org", "192.0.2.7", 3},
		habit.Guessing: {"anna@example.org", 30, 8}, habit.Stolen: {"anna@example.org", 5, 3}, habit.Distrust: {"192.0.2.7", 2, "bad certificate"}, habit.Crowd: {"anna@example.org", 80, 100},
		habit.CrowdedPeer: {"192.0.2.7", 5}, habit.Harvest: {"192.0.2.7", 20, 2}, habit.Proxied: d, habit.WrongClock: append(d, 60), habit.Blundering: {"Mail 1.0", 20, "FETCH"},
		"mailbox-full": {"anna@example.org", 96, finding.Bytes(96e6), finding.Bytes(1e8)}, "domain-full": {"example.org", 100, int64(10), int64(10)},
		"disk-full": {time.Now(), finding.Bytes(5e9)},
	}
	for _, l := range phrase.Known() {
		v := &visit{Language: l}
		for kind, args := range kinds {
			for _, client := range []string{"", "thunderbird", "outlook", "k9", "ios", "mutt", "gmail"} {
				view := v.findingView(finding.Finding{Kind: kind, Args: args, Client: client})
				for part, text := range map[string]string{"title": view.Title, "means": view.Means, "saw": view.Saw, "do": view.Do, "again": view.Again} {
					if text == "" || strings.Contains(text, "%!") {
						t.Errorf("%s in %s: %s: %q", kind, l.Name(), part, text)
					}
				}
			}
		}
	}
}

func TestKick(t *testing.T) {
	t.Parallel()
	h := build(t, watched(t, 1))
	kicked := 0
	s := h.Telemetry.Open("imap", somewhere, func() { kicked++ })
	s.SignedIn(4, aUser, "PLAIN", telemetry.AppPassword{ID: 1, Name: "phone"})
	b := h.as(t, anAdmin)
	page := b.get("/sessions")
	if !strings.Contains(page.Body, "phone, 192.0.2.7") {
		t.Errorf("%.3000s", page.Body)
	}
	_, rest, _ := strings.Cut(page.Body, `name="session" value="`)
	id, _, _ := strings.Cut(rest, `"`)
	b.post("/sessions/kick", "session", id)
	if kicked != 1 {
		t.Errorf("%d connections were ended", kicked)
	}
	if answer := h.as(t, anAuditor).post("/sessions/kick", "session", id); answer.Status != 403 {
		t.Errorf("an auditor: %d", answer.Status)
	}
}

// Whoever does not ask for a stream gets one event.
func TestLive(t *testing.T) {
	t.Parallel()
	h := build(t, watched(t, 1))
	connect(h.Site, 3, 1)
	answer := h.as(t, anAdmin).get("/overview/live")
	if !strings.Contains(answer.Body, "data: connected 3\n") || !strings.HasSuffix(answer.Body, "\n\n") {
		t.Errorf("%q", answer.Body)
	}
}

// The overview with 500 users and 2,000 sessions, with two years of figures.
func BenchmarkOverview(b *testing.B) {
	h := build(b, watched(b, 740))
	for i := range 500 {
		_, err := h.Directory.AddUser(b.Context(), fmt.Sprintf("user%d@home.example", i), "", "correct horse "+fmt.Sprint(i))
		must(b, err)
	}
	connect(h.Site, 2000, 500)
	browser := h.as(b, anAdmin)
	for _, path := range []string{"/overview?span=years", "/sessions", "/performance?span=year", "/storage?span=years"} {
		b.Run(strings.NewReplacer("/", "", "?", " ").Replace(path), func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				began := time.Now()
				if answer := browser.get(path); answer.Status != 200 {
					b.Fatal(answer.Status)
				}
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
		})
	}
}
