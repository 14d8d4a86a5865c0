package backup

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParseSchedule(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text  string
		want  Schedule
		wrong string // a part of the error
	}{
		{text: DefaultSchedule, want: Schedule{time.Hour, 24, 14, 8, 12}},
		{text: "every 30m, keep 48 hourly", want: Schedule{Every: 30 * time.Minute, Hourly: 48}},
		{text: "every 1d, 7 daily, keep 4 weekly", want: Schedule{Every: 24 * time.Hour, Daily: 7, Weekly: 4}},
		{text: "never"},
		{text: "", wrong: "does not begin with 'every'"},
		{text: "every 1h", wrong: "keeps no snapshot"},
		{text: "every 1m, keep 3 hourly", wrong: "too often"},
		{text: "every moon, keep 3 hourly", wrong: "no time"},
		{text: "every 1h, keep 3 yearly", wrong: "none of hourly"},
		{text: "every 1h, keep many hourly", wrong: "no number"},
		{text: "every 1h, keep", wrong: "is not NUMBER"},
		{text: "every 0d, keep 1 daily", wrong: "no number of days"},
	} {
		got, err := ParseSchedule(test.text)
		if test.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), test.wrong) || !strings.Contains(err.Error(), "write for example") {
				t.Errorf("%q: error %v; want one with %q and an example", test.text, err, test.wrong)
			}
			continue
		}
		if err != nil || got != test.want {
			t.Errorf("%q: %+v, %v", test.text, got, err)
		}
		if again, err := ParseSchedule(got.String()); err != nil || again != got {
			t.Errorf("%q is written as %q, which is read as %+v, %v", test.text, got, again, err)
		}
	}
}

// every makes ids from a time on.
func every(from time.Time, step time.Duration, n int) (ids []ID) {
	for i := range n {
		ids = append(ids, idAt(from.Add(time.Duration(i)*step)))
	}
	return ids
}

func TestDivide(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	must(t, err)
	begin := time.Date(2026, 3, 1, 0, 30, 0, 0, time.UTC)
	for _, test := range []struct {
		name     string
		schedule string
		ids      []ID
		zone     *time.Location
		kept     int
		has      []ID
	}{
		{"none", DefaultSchedule, nil, time.UTC, 0, nil},
		{"one", "every 1h, keep 1 monthly", every(begin, time.Hour, 1), time.UTC, 1, nil},
		{"all of a day", "every 1h, keep 24 hourly", every(begin, time.Hour, 24), time.UTC, 24, nil},
		{"the last of each day", "every 1h, keep 3 daily", every(begin, time.Hour, 24*10), time.UTC, 3,
			[]ID{"20260308T233000Z", "20260309T233000Z", "20260310T233000Z"}},
		{"the day of where the machine is", "every 1h, keep 2 daily", every(begin, time.Hour, 24*10), berlin, 2,
			[]ID{"20260310T223000Z", "20260310T233000Z"}},
		{"several in an hour", "every 10m, keep 2 hourly", every(begin, 10*time.Minute, 30), time.UTC, 2,
			[]ID{"20260301T045000Z", "20260301T052000Z"}},
		{"days with gaps count as days with snapshots", "every 1d, keep 3 daily",
			[]ID{"20260101T000000Z", "20260201T000000Z", "20260301T000000Z", "20260401T000000Z"}, time.UTC, 3, []ID{"20260201T000000Z"}},
		{"everything together", DefaultSchedule, every(begin, time.Hour, 24*365), time.UTC, 24 + 14 - 1 + 8 - 2 + 12 - 2, nil},
		{"the hour that comes twice", "every 1h, keep 24 hourly",
			every(time.Date(2026, 10, 25, 0, 15, 0, 0, time.UTC), time.Hour, 2), berlin, 2, nil},
		{"never", "never", every(begin, time.Hour, 5), time.UTC, 5, nil},
	} {
		s, err := ParseSchedule(test.schedule)
		must(t, err)
		keep, remove := s.Divide(test.ids, test.zone)
		if len(keep) != test.kept || len(keep)+len(remove) != len(test.ids) {
			t.Errorf("%s: %d kept, want %d; %v", test.name, len(keep), test.kept, keep)
		}
		for _, id := range test.has {
			if !slices.Contains(keep, id) {
				t.Errorf("%s: %s is not kept: %v", test.name, id, keep)
			}
		}
		if n := len(test.ids); n > 0 && !slices.Contains(keep, test.ids[n-1]) {
			t.Errorf("%s: the newest is not kept", test.name)
		}
		// What was kept once is kept again: pruning twice changes nothing.
		if again, _ := s.Divide(keep, test.zone); !slices.Equal(again, keep) {
			t.Errorf("%s: pruning twice keeps %d of %d", test.name, len(again), len(keep))
		}
	}
}

func TestNext(t *testing.T) {
	t.Parallel()
	s, err := ParseSchedule(DefaultSchedule)
	must(t, err)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name       string
		last, want time.Time
	}{
		{"the first ever", time.Time{}, now},
		{"just taken", now, now.Add(time.Hour)},
		{"in half an hour", now.Add(-30 * time.Minute), now.Add(30 * time.Minute)},
		{"missed while the machine was off", now.Add(-30 * time.Hour), now},
		{"the clock was wrong", now.Add(300 * time.Hour), now},
	} {
		if got := s.Next(test.last, now); !got.Equal(test.want) {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}
