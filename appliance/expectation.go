package appliance

import (
	"cmp"
	"context"
	"slices"
	"time"

	"letterbox/admin"
	"letterbox/directory"
	"letterbox/phrase"
	"letterbox/quota"
	"letterbox/store"
)

// An expectation is what something comes to if it goes on growing as it did.
type expectation struct {
	whose string // an address; "" is the disk
	quota.Forecast
}

// in says it in a language.
func (e expectation) in(l *phrase.Language) string {
	text := admin.Outlook(l, e.Forecast, true)
	if e.whose == "" {
		return l.Say("outlook.disk", text)
	}
	return l.Say("digest.mailbox", e.whose, text)
}

// mostExpected is how many mailboxes are named.
const mostExpected = 3

// expectations are that of the disk, if it is known, and those of the mailboxes that
// are full first, if that is soon.
func (d *Data) expectations(ctx context.Context, users []directory.User, now time.Time) (list []expectation, err error) {
	for _, u := range users {
		f, known, err := d.Store.Forecast(ctx, store.AccountID(u.ID), 0)
		if err != nil {
			return nil, err
		}
		if known && !f.Soonest.IsZero() && f.Soonest.Sub(now) < foresight {
			list = append(list, expectation{u.Address, f})
		}
	}
	slices.SortStableFunc(list, func(a, b expectation) int {
		return cmp.Or(a.Soonest.Compare(b.Soonest), cmp.Compare(a.whose, b.whose))
	})
	list = list[:min(len(list), mostExpected)]
	room, err := d.RoomForMail()
	if err != nil {
		return list, nil // the size of the disk is unknown, as at the start
	}
	f, known, err := d.Store.Forecast(ctx, 0, d.Blobs.Stats().Bytes+room)
	if known {
		list = slices.Insert(list, 0, expectation{"", f})
	}
	return list, err
}
