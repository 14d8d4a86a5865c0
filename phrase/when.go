package phrase

import (
	"strconv"
	"time"
)

// Date is a day: "14 March 2026".
func (l *Language) Date(t time.Time) string {
	t = t.Local()
	month := l.Say("date.month." + strconv.Itoa(int(t.Month())))
	return l.Say("date.day", strconv.Itoa(t.Day()), month, strconv.Itoa(t.Year()))
}

// Moment is a day and a time of day: "14 March 2026, 15:04".
func (l *Language) Moment(t time.Time) string {
	return l.Say("date.moment", l.Date(t), t.Local().Format("15:04"))
}

// Ago is how long before now something was, or how far ahead it is; "never" for
// the zero time. What is more than a month away is a date.
func (l *Language) Ago(t, now time.Time) string {
	if t.IsZero() {
		return l.Say("ago.never")
	}
	d := now.Sub(t)
	say := func(unit string, n ...any) string { return l.Say("ago."+unit, n...) }
	if d < 0 {
		d = -d
		say = func(unit string, n ...any) string { return l.Say("ahead."+unit, n...) }
	}
	switch {
	case d < time.Minute:
		return say("now")
	case d < time.Hour:
		return say("minutes", int(d/time.Minute))
	case d < 48*time.Hour:
		return say("hours", int(d/time.Hour))
	case d < 31*24*time.Hour:
		return say("days", int(d/(24*time.Hour)))
	}
	return l.Date(t)
}

// Span is a length of time in its largest unit: "3 days".
func (l *Language) Span(d time.Duration) string {
	switch {
	case d < time.Second:
		return l.Say("span.milliseconds", int(d/time.Millisecond))
	case d < 2*time.Minute:
		return l.Say("span.seconds", int(d/time.Second))
	case d < 2*time.Hour:
		return l.Say("span.minutes", int(d/time.Minute))
	case d < 48*time.Hour:
		return l.Say("span.hours", int(d/time.Hour))
	}
	return l.Say("span.days", int(d/(24*time.Hour)))
}
