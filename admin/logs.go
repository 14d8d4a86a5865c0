package admin

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"letterbox/logbook"
)

// A logView is what is shown of the log.
type logView struct {
	Lines  []*logbook.Line
	Parts  []string // that have written something
	People []string // addresses to choose from
	Last   int64    // number of the last line that there is
	Live   string   // where to hear of more; "" on later pages
}

// logLevels are what a view can begin with.
var logLevels = []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError}

// logs shows the last lines of the log, by level, part, text and person.
func (v *visit) logs() error {
	l := v.listing("when")
	fits, err := v.logFilter(l)
	if err != nil {
		return err
	}
	view := &logView{Parts: v.logParts()}
	view.Last, _ = v.Book.After(0)
	view.Lines = cut(l, v.Book.Lines(fits))
	if l.Page == 1 {
		view.Live = strings.Replace(l.with("after", strconv.FormatInt(view.Last, 10)), "/logs", "/logs/live", 1)
	}
	users, err := v.Directory.Everybody(v.context())
	if err != nil {
		return err
	}
	for _, u := range users {
		view.People = append(view.People, u.Address)
	}
	return v.show(http.StatusOK, logsPage(v.page("settings", v.Say("logs.title")), l, view))
}

// logFilter reads what is wished. A person is looked for by address and by number,
// since some lines have the one and some the other.
func (v *visit) logFilter(l *listing) (func(*logbook.Line) bool, error) {
	level := slog.LevelDebug
	_ = level.UnmarshalText([]byte(l.Filter("level"))) // what is no level is no wish
	part, person, number := l.Filter("part"), strings.TrimSpace(l.Filter("person")), ""
	if person != "" {
		users, err := v.Directory.Everybody(v.context())
		if err != nil {
			return nil, err
		}
		for _, u := range users {
			if strings.EqualFold(u.Address, person) {
				number = strconv.FormatInt(u.ID, 10)
			}
		}
	}
	return func(line *logbook.Line) bool {
		return line.Level >= level && (part == "" || line.Part() == part) && line.Has(l.Search) &&
			(person == "" || line.Has(person) || number != "" && line.Fact("account") == number)
	}, nil
}

// logParts are those that have written something.
func (v *visit) logParts() (parts []string) {
	for _, line := range v.Book.Lines(func(*logbook.Line) bool { return true }) {
		if part := line.Part(); part != "" && !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	slices.SortFunc(parts, cmp.Compare)
	return parts
}

// logPause is how long lines gather before a page hears of them.
const logPause = time.Second

// logsLive tells a page that there are lines it does not show yet: the number of the
// last one (server-sent events). The page then loads itself, by the same way and with
// the same rights as before. Whoever does not ask for a stream is answered at once.
func (v *visit) logsLive() error {
	l := v.listing("when")
	fits, err := v.logFilter(l)
	if err != nil {
		return err
	}
	seen, err := strconv.ParseInt(l.Filter("after"), 10, 64)
	if err != nil {
		return missing
	}
	v.w.Header().Set("Content-Type", "text/event-stream")
	v.w.Header().Set("X-Accel-Buffering", "no") // for proxies that would hold it back
	control := http.NewResponseController(v.w)
	end := time.After(liveFor)
	for {
		last, more := v.Book.After(seen)
		news := v.Book.Lines(func(line *logbook.Line) bool { return line.Number > seen && fits(line) })
		_ = control.SetWriteDeadline(time.Now().Add(time.Minute))
		if len(news) > 0 {
			_, err = fmt.Fprintf(v.w, "data: %d\n\n", news[0].Number)
		}
		if err != nil || control.Flush() != nil {
			return nil
		}
		seen = last
		if !strings.Contains(v.r.Header.Get("Accept"), "text/event-stream") || !v.waits(more, end) {
			return nil
		}
	}
}

// waits waits for more lines, and for those that come with them; false when the stream
// is over.
func (v *visit) waits(more <-chan struct{}, end <-chan time.Time) bool {
	select {
	case <-more:
	case <-end:
		return false
	case <-v.context().Done():
		return false
	}
	select {
	case <-time.After(logPause):
		return true
	case <-v.context().Done():
		return false
	}
}
