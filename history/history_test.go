package history

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"letterbox/habit"
	"letterbox/telemetry"
)

var start = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// A watch is a clock that stands where it was put.
type watch struct{ at atomic.Int64 }

func (w *watch) now() time.Time       { return time.Unix(w.at.Load(), 0).UTC() }
func (w *watch) set(t time.Time)      { w.at.Store(t.Unix()) }
func (w *watch) pass(d time.Duration) { w.at.Add(int64(d / time.Second)) }

func open(t testing.TB) (*DB, *watch) {
	t.Helper()
	clock := &watch{}
	clock.set(start)
	h, err := Open(t.Context(), filepath.Join(t.TempDir(), "telemetry.db"), Options{Now: clock.now})
	check(t, err)
	t.Cleanup(func() { check(t, h.Close()) })
	return h, clock
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func count(t testing.TB, h *DB, table string) (n int) {
	t.Helper()
	check(t, h.sql.QueryRow(`SELECT count(*) FROM `+table).Scan(&n))
	return n
}

// Of more than two years of figures a bounded number is kept, and the oldest by
// the day alone.
func TestTwoYears(t *testing.T) {
	t.Parallel()
	h, clock := open(t)
	end := start.Add(2*366*24*time.Hour + 40*24*time.Hour)
	write := func() {
		var spread telemetry.Spread
		spread.Observe(time.Millisecond)
		check(t, h.Write(t.Context(), clock.now(), Minute, Figures{
			Levels:  map[string]int64{"storage": clock.now().Unix()},
			Counts:  map[string]int64{"in": 1},
			Spreads: map[string]telemetry.Counts{"select": spread.Take()},
		}))
	}
	// Sparsely at first, as what falls in between would make no difference; then
	// by the hour for longer than hours are kept, and likewise by the minute.
	for clock.now().Before(end.Add(-70 * 24 * time.Hour)) {
		write()
		clock.pass(24 * time.Hour)
	}
	for clock.now().Before(end.Add(-50 * time.Hour)) {
		write()
		clock.pass(time.Hour)
	}
	check(t, h.Forget(t.Context()))
	for clock.now().Before(end) {
		write()
		clock.pass(time.Minute)
	}
	check(t, h.Forget(t.Context()))

	// 2 days of minutes, 62 of hours, 739 of days: for each of the two series.
	most := 2*(48*60+1) + 2*(62*24+1) + 2*740
	if n := count(t, h, "sample"); n > most || n < most-20 {
		t.Errorf("%d samples are kept; %d were expected at most", n, most)
	}
	if n := count(t, h, "spread"); n > most/2 || n < most/2-20 {
		t.Errorf("%d spreads are kept", n)
	}
	for _, s := range Spans {
		levels, err := h.Levels(t.Context(), "storage", s)
		check(t, err)
		if len(levels) < 50 || len(levels) > 400 {
			t.Errorf("%s: %d points", s.Name, len(levels))
		}
		if first := end.Sub(levels[0].At); first > s.Long || first < s.Long*9/10 {
			t.Errorf("%s begins %v ago", s.Name, first)
		}
	}
	year, err := h.Counts(t.Context(), "in", Spans[4])
	check(t, err)
	if last := year[len(year)-2]; last.Value != 24*60 {
		t.Errorf("of a day by the minute, %d were counted", last.Value)
	}
	spreads, err := h.Spreads(t.Context(), "select", Spans[4])
	check(t, err)
	if last := spreads[len(spreads)-2]; last.Counts.Total() != 24*60 {
		t.Errorf("of a day by the minute, %d durations were counted", last.Counts.Total())
	}
}

// Levels are the last of their time, counts the sum.
func TestWrite(t *testing.T) {
	t.Parallel()
	h, clock := open(t)
	for i := range 10 {
		check(t, h.Write(t.Context(), clock.now(), Minute, Figures{
			Levels: map[string]int64{"storage": int64(i)}, Counts: map[string]int64{"in": 2},
		}))
		clock.pass(time.Minute)
	}
	check(t, h.Write(t.Context(), clock.now(), Hour, Figures{Levels: map[string]int64{"storage/anna@example.org": 5}}))
	levels, err := h.Levels(t.Context(), "storage", Spans[1])
	check(t, err)
	counts, err := h.Counts(t.Context(), "in", Spans[1])
	check(t, err)
	if len(levels) != 1 || levels[0].Value != 9 || len(counts) != 1 || counts[0].Value != 20 {
		t.Errorf("ten minutes are %v and %v", levels, counts)
	}
	if n := count(t, h, "sample WHERE step = 60"); n != 20 {
		t.Errorf("%d rows by the minute; what is written by the hour has none", n)
	}
	last, err := h.Last(t.Context(), "storage/anna@example.org")
	check(t, err)
	if last.Value != 5 {
		t.Errorf("the last is %v", last)
	}
}

func record(device string, lasted time.Duration, end string, modseq uint64) telemetry.Record {
	return telemetry.Record{
		Glance: telemetry.Glance{
			Who: telemetry.Who{
				Protocol: "imap", Remote: netip.MustParseAddr("192.0.2.7"), TLS: "TLS 1.3", Account: 7,
				Address: "anna@example.org", Client: habit.Client{Name: device}, Device: device, DeviceKey: "anna/" + device,
			},
			Since: start, Sent: 100, Seen: telemetry.Seen{Mailbox: 3, ModSeq: modseq},
		},
		Ended: start.Add(lasted), End: end,
	}
}

func TestSessions(t *testing.T) {
	t.Parallel()
	h, clock := open(t)
	for i := range 5 {
		h.Ended(record("phone", time.Duration(i+1)*time.Minute, "closed", uint64(10-i)))
	}
	h.Ended(record("laptop", time.Hour, "logout", 40))
	clock.pass(2 * time.Hour)
	for count(t, h, "session") < 6 { // they are written behind
		time.Sleep(time.Millisecond)
	}
	usages, err := h.Usages(t.Context(), start, 10)
	check(t, err)
	if len(usages) != 2 || usages[0].Device != "phone" || usages[0].Sessions != 5 || usages[0].Median != 3*time.Minute ||
		usages[0].Broken != 5 || usages[0].Sent != 500 || usages[1].Broken != 0 {
		t.Errorf("%+v", usages)
	}
	devices, err := h.KnownDevices(t.Context(), 7, 10)
	check(t, err)
	if len(devices) != 2 || devices[0].Words != "laptop" || devices[1].Seen.ModSeq != 10 {
		t.Errorf("%+v", devices)
	}
	clock.pass(sessionAge)
	check(t, h.Forget(t.Context()))
	if n := count(t, h, "session"); n != 0 {
		t.Errorf("%d old sessions are left", n)
	}
}

// Who ends a session never waits: what is too much is dropped, and counted.
func TestEndedDoesNotWait(t *testing.T) {
	t.Parallel()
	h, _ := open(t)
	h.writing.Lock() // nothing can be written
	const ended = maxWaiting * 3
	for i := range ended {
		h.Ended(record(fmt.Sprint(i), time.Minute, "logout", 1))
	}
	h.writing.Unlock()
	if h.Dropped() == 0 {
		t.Error("nothing was dropped")
	}
	for int64(count(t, h, "session"))+h.Dropped() < ended {
		time.Sleep(time.Millisecond)
	}
}

func TestDismiss(t *testing.T) {
	t.Parallel()
	h, clock := open(t)
	check(t, h.Dismiss(t.Context(), "polling:x", time.Time{}, "anna@example.org"))
	check(t, h.Dismiss(t.Context(), "drafts:x", start.Add(time.Hour), "anna@example.org"))
	hidden, err := h.Dismissed(t.Context())
	check(t, err)
	if len(hidden) != 2 {
		t.Errorf("%v", hidden)
	}
	clock.pass(2 * time.Hour)
	check(t, h.Forget(t.Context()))
	if hidden, err = h.Dismissed(t.Context()); err != nil || len(hidden) != 1 || !hidden["polling:x"] {
		t.Errorf("%v, %v", hidden, err)
	}
	check(t, h.RecallAll(t.Context()))
	if hidden, err = h.Dismissed(t.Context()); err != nil || len(hidden) != 0 {
		t.Errorf("%v, %v", hidden, err)
	}
}

// A history that cannot be read keeps nobody from their mail.
func TestDamaged(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "telemetry.db")
	check(t, os.WriteFile(path, []byte("this is no database, whatever its name says, and long enough to be read"), 0o600))
	h, err := Open(t.Context(), path, Options{})
	check(t, err)
	check(t, h.SetNote(t.Context(), "a", "b"))
	if value, err := h.Note(t.Context(), "a"); err != nil || value != "b" {
		t.Errorf("%q, %v", value, err)
	}
	check(t, h.Close())
	if _, err := os.Stat(path + ".damaged"); err != nil {
		t.Error(err)
	}
	h, err = Open(t.Context(), path, Options{})
	check(t, err)
	if value, err := h.Note(t.Context(), "a"); err != nil || value != "b" {
		t.Errorf("after opening again: %q, %v", value, err)
	}
	check(t, h.Close())
}

// What is written each minute, on an appliance with 20 series.
func BenchmarkWrite(b *testing.B) {
	h, clock := open(b)
	f := Figures{Levels: map[string]int64{}, Counts: map[string]int64{}, Spreads: map[string]telemetry.Counts{}}
	for i := range 8 {
		f.Levels[fmt.Sprint("level", i)], f.Counts[fmt.Sprint("count", i)] = 1, 1
		var s telemetry.Spread
		s.Observe(time.Millisecond)
		f.Spreads[fmt.Sprint("spread", i)] = s.Take()
	}
	for b.Loop() {
		check(b, h.Write(b.Context(), clock.now(), Minute, f))
		clock.pass(time.Minute)
	}
}
