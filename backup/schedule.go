package backup

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Schedule says how often snapshots are taken and which are kept, written as
// "every 1h, keep 24 hourly, 14 daily, 8 weekly, 12 monthly".
type Schedule struct {
	Every                          time.Duration // 0: never by itself
	Hourly, Daily, Weekly, Monthly int           // how many of each to keep
}

// DefaultSchedule is that of an appliance that nobody configured.
const DefaultSchedule = "every 1h, keep 24 hourly, 14 daily, 8 weekly, 12 monthly"

// minEvery bounds what a schedule may ask for.
const minEvery = 5 * time.Minute

// ParseSchedule reads a schedule; "never" takes none and keeps all.
func ParseSchedule(text string) (s Schedule, err error) {
	if strings.TrimSpace(text) == "never" {
		return s, nil
	}
	for i, clause := range strings.Split(text, ",") {
		words := strings.Fields(clause)
		switch {
		case i == 0:
			err = s.every(words)
		case len(words) > 0 && words[0] == "keep":
			err = s.keep(words[1:])
		default:
			err = s.keep(words)
		}
		if err != nil {
			return Schedule{}, fmt.Errorf("%q: %w; write for example %q, or never", text, err, DefaultSchedule)
		}
	}
	if s.Hourly+s.Daily+s.Weekly+s.Monthly == 0 {
		return Schedule{}, fmt.Errorf("%q keeps no snapshot; write for example %q, or never", text, DefaultSchedule)
	}
	return s, nil
}

func (s *Schedule) every(words []string) (err error) {
	if len(words) != 2 || words[0] != "every" {
		return errors.New("it does not begin with 'every'")
	}
	number := words[1]
	unit := time.Hour
	if days, ok := strings.CutSuffix(number, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n < 1 || n > 366 {
			return fmt.Errorf("%q is no number of days", number)
		}
		s.Every = time.Duration(n) * 24 * unit
		return nil
	}
	if s.Every, err = time.ParseDuration(number); err != nil {
		return fmt.Errorf("%q is no time", number)
	}
	if s.Every < minEvery {
		return fmt.Errorf("%s is too often; 5m is the least", number)
	}
	return nil
}

func (s *Schedule) keep(words []string) error {
	if len(words) != 2 {
		return fmt.Errorf("%q is not NUMBER and one of hourly, daily, weekly, monthly", strings.Join(words, " "))
	}
	n, err := strconv.Atoi(words[0])
	if err != nil || n < 0 || n > 100_000 {
		return fmt.Errorf("%q is no number", words[0])
	}
	switch words[1] {
	case "hourly":
		s.Hourly = n
	case "daily":
		s.Daily = n
	case "weekly":
		s.Weekly = n
	case "monthly":
		s.Monthly = n
	default:
		return fmt.Errorf("%q is none of hourly, daily, weekly, monthly", words[1])
	}
	return nil
}

// UnmarshalText and MarshalText are for the configuration.
func (s *Schedule) UnmarshalText(text []byte) (err error) {
	*s, err = ParseSchedule(string(text))
	return err
}

func (s Schedule) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String writes the schedule as it is read.
func (s Schedule) String() string {
	if s.Every == 0 {
		return "never"
	}
	every := s.Every.String()
	if s.Every%time.Minute == 0 {
		every = strings.TrimSuffix(every, "0s")
	}
	if s.Every%time.Hour == 0 {
		every = strings.TrimSuffix(every, "0m")
	}
	if s.Every%(24*time.Hour) == 0 {
		every = fmt.Sprintf("%dd", s.Every/(24*time.Hour))
	}
	text, joint := "every "+every, ", keep "
	for _, k := range []struct {
		n    int
		name string
	}{{s.Hourly, "hourly"}, {s.Daily, "daily"}, {s.Weekly, "weekly"}, {s.Monthly, "monthly"}} {
		if k.n > 0 {
			text += fmt.Sprintf("%s%d %s", joint, k.n, k.name)
			joint = ", "
		}
	}
	return text
}

// Divide says which snapshots are kept: of each hour, day, week and month the
// last one, for as many hours, days, weeks and months, with snapshots, as the
// schedule has. The newest is kept in any case, and all of them when none is ever
// taken by schedule.
func (s Schedule) Divide(ids []ID, zone *time.Location) (keep, remove []ID) {
	if s.Every == 0 {
		return ids, nil
	}
	kept := make([]bool, len(ids))
	for _, rule := range []struct {
		n      int
		period func(time.Time) string
	}{{s.Hourly, hourOf}, {s.Daily, dayOf}, {s.Weekly, weekOf}, {s.Monthly, monthOf}} {
		last, n := "", 0
		for i := len(ids) - 1; i >= 0 && n < rule.n; i-- {
			if p := rule.period(ids[i].Time().In(zone)); p != last {
				kept[i], last = true, p
				n++
			}
		}
	}
	for i, id := range ids {
		if kept[i] || i == len(ids)-1 {
			keep = append(keep, id)
		} else {
			remove = append(remove, id)
		}
	}
	return keep, remove
}

// hourOf includes the offset: when clocks are set back an hour comes twice.
func hourOf(t time.Time) string  { return t.Format("2006-01-02T15-0700") }
func dayOf(t time.Time) string   { return t.Format("2006-01-02") }
func monthOf(t time.Time) string { return t.Format("2006-01") }

func weekOf(t time.Time) string {
	year, week := t.ISOWeek()
	return fmt.Sprintf("%d-%d", year, week)
}

// Next says when the next snapshot is due after the last: now, when one was
// missed because the machine was off.
func (s Schedule) Next(last, now time.Time) time.Time {
	if last.IsZero() || last.After(now) && last.Sub(now) > s.Every {
		return now
	}
	if next := last.Add(s.Every); next.After(now) {
		return next
	}
	return now
}
