package admin

import (
	"time"

	"letterbox/phrase"
	"letterbox/quota"
	"letterbox/store"
)

// outlookMonth is what growth is told by, in days.
const outlookMonth = 30

// An outlook is what comes of something that grows if it goes on like this.
type outlook struct {
	quota.Forecast
	known bool
}

// outlook is that of an account; 0 is all together on the disk, which takes so many
// bytes.
func (v *visit) outlook(a store.AccountID, limit int64) (outlook, error) {
	f, known, err := v.Store.Forecast(v.context(), a, limit)
	return outlook{f, known}, err
}

// diskOutlook is that of the disk, for all mail on it.
func (v *visit) diskOutlook() (outlook, error) {
	days, err := v.Store.UsageDays(v.context(), 0, quota.DayOf(v.now)-outlookMonth)
	if err != nil || len(days) == 0 || v.Machine.Room == nil {
		return outlook{}, err
	}
	room, err := v.Machine.Room()
	if err != nil {
		return outlook{}, err
	}
	return v.outlook(0, days[len(days)-1].Disk+room)
}

// Outlook tells a forecast as the pages do, for mails that say the same.
func Outlook(l *phrase.Language, f quota.Forecast, known bool) string {
	return outlook{f, known}.text(l)
}

// text says it in a sentence or two: how fast, when it is full, and how sure that is.
func (o outlook) text(l *phrase.Language) string {
	month := int64(o.PerDay * outlookMonth)
	switch {
	case !o.known:
		return l.Say("outlook.unknown")
	case month <= 0 && o.Soonest.IsZero():
		return l.Say("outlook.still")
	case month <= 0:
		return l.Say("outlook.fastest", l.Date(o.Soonest))
	case o.Full.IsZero() && o.Soonest.IsZero():
		return l.Say("outlook.grows", l.Size(month))
	case o.Full.IsZero():
		return l.Say("outlook.grows", l.Size(month)) + " " + l.Say("outlook.sooner", l.Date(o.Soonest))
	}
	return l.Say("outlook.full", l.Size(month), l.Date(o.Full)) + o.span(l)
}

// short is when it is full, in a column.
func (o outlook) short(l *phrase.Language) string {
	switch {
	case !o.known:
		return l.Say("growth.unknown")
	case o.Full.IsZero():
		return l.Say("growth.never")
	}
	return l.Date(o.Full)
}

// span is between which days that may be, where that is more than one.
func (o outlook) span(l *phrase.Language) string {
	switch {
	case o.Latest.IsZero():
		return " " + l.Say("outlook.open", l.Date(o.Soonest))
	case o.Latest.Sub(o.Soonest) < 24*time.Hour:
		return ""
	}
	return " " + l.Say("outlook.range", l.Date(o.Soonest), l.Date(o.Latest))
}

// sizeChange is a size with its sign.
func sizeChange(l *phrase.Language, n int64) string {
	switch {
	case n < 0:
		return "−" + l.Size(-n)
	case n > 0:
		return "+" + l.Size(n)
	}
	return l.Size(0)
}
