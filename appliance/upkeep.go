package appliance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"letterbox/database"
	"letterbox/store/blob"
)

// upkeepHour is when the nightly work is done, by the machine's clock.
const upkeepHour = 3

// A machine that is off at night does the night's work a while after it was
// started, once overdue has passed since the last.
const (
	overdue    = 26 * time.Hour
	afterStart = 10 * time.Minute
)

// month is how often the long work is done.
const month = 28 * 24 * time.Hour

// sweepGrace is how long a body stays after the last reference to it went:
// longer than any reader or snapshot may still be on its way to it.
const sweepGrace = 24 * time.Hour

// Settings in which the times of the last work stand, in seconds since 1970.
const (
	lastNight = "upkeep.night"
	lastMonth = "upkeep.month"

	foundDamage = "upkeep.damage" // in the database, in words; empty for none
)

// upkeep does the nightly and the monthly work. Between nights it only waits.
func (a *Appliance) upkeep(ctx context.Context, d *Data) error {
	for {
		now := time.Now()
		timer := time.NewTimer(nextUpkeep(now, d.lastUpkeep(ctx, lastNight)).Sub(now))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
			d.tidy(ctx, time.Now())
		}
	}
}

// nextUpkeep returns the first upkeepHour after now, or a moment that is sooner
// when the last work is too long ago.
func nextUpkeep(now, last time.Time) time.Time {
	if now.Sub(last) > overdue {
		return now.Add(afterStart)
	}
	next := time.Date(now.Year(), now.Month(), now.Day(), upkeepHour, 0, 0, 0, now.Location())
	if !next.After(now) {
		next = time.Date(now.Year(), now.Month(), now.Day()+1, upkeepHour, 0, 0, 0, now.Location())
	}
	return next
}

// lastUpkeep reads when work was done last; never is long ago.
func (d *Data) lastUpkeep(ctx context.Context, key string) time.Time {
	value, _, err := d.Directory.Setting(ctx, key)
	if err != nil {
		d.Log.Error("the time of the last upkeep is unknown", "error", err)
	}
	seconds, _ := strconv.ParseInt(value, 10, 64) // of nothing, 0
	return time.Unix(seconds, 0)
}

func (d *Data) noteUpkeep(ctx context.Context, key string, now time.Time) {
	if err := d.Directory.SetSetting(ctx, key, strconv.FormatInt(now.Unix(), 10)); err != nil && ctx.Err() == nil {
		d.Log.Error("the time of the upkeep was not kept", "error", err)
	}
}

// noteDamage keeps what a check of the database found, for the doctor. A check
// that was broken off has found nothing out.
func (d *Data) noteDamage(ctx context.Context, found error) {
	words := ""
	switch {
	case errors.Is(found, database.ErrDamaged):
		words = found.Error()
	case found != nil:
		return
	}
	if known, _, err := d.Directory.Setting(ctx, foundDamage); err == nil && known == words {
		return
	}
	if err := d.Directory.SetSetting(ctx, foundDamage, words); err != nil && ctx.Err() == nil {
		d.Log.Error("the result of the check was not kept", "error", err)
	}
}

// A chore is one step of the upkeep.
type chore struct {
	name string
	do   func(context.Context) error
}

// tidy does one night's work, and a month's when it is time. A step that fails
// is logged and tried again the next night; the others are done all the same.
// Only a damaged database stops it: nothing is cleared away on the word of one.
func (d *Data) tidy(ctx context.Context, now time.Time) {
	d.noteUpkeep(ctx, lastNight, now)
	err := d.run(ctx, chore{"check", d.DB.Check})
	d.noteDamage(ctx, err)
	if errors.Is(err, database.ErrDamaged) {
		return
	}
	monthly := now.Sub(d.lastUpkeep(ctx, lastMonth)) >= month
	if monthly { // before the sweep, which believes the counts
		d.run(ctx, chore{"references", d.recount})
	}
	d.run(ctx, chore{"usage", d.checkUsage})
	d.run(ctx, chore{"growth", func(ctx context.Context) error { return d.Store.RecordUsage(ctx, now) }})
	d.run(ctx, chore{"warnings", d.warnAll})
	d.run(ctx, chore{"leavers", func(ctx context.Context) error { return d.removeLeavers(ctx, now) }})
	d.run(ctx, chore{"retention", func(ctx context.Context) error { return d.retain(ctx, now) }})
	d.run(ctx, chore{"undelete", func(ctx context.Context) error {
		_, err := d.Store.ForgetRemoved(ctx, now.Add(-d.Config.Mail.undelete()))
		return err
	}})
	d.run(ctx, chore{"junk", d.Junk.Tidy})
	d.run(ctx, chore{"reports", d.Feedback.Tidy})
	d.run(ctx, chore{"sweep", func(ctx context.Context) error {
		if kept, err := d.forgetUpgrades(now); kept || err != nil {
			return err // the database before the update still refers to what is dead in this one
		}
		return d.Store.Sweep(ctx, sweepGrace)
	}})
	if monthly && d.run(ctx, chore{"scrub", d.scrub}) == nil {
		d.noteUpkeep(ctx, lastMonth, now)
	}
}

// run does a chore and logs how it went.
func (d *Data) run(ctx context.Context, c chore) error {
	began := time.Now()
	err := c.do(ctx)
	switch {
	case err != nil && ctx.Err() != nil: // the appliance stops
	case errors.Is(err, database.ErrDamaged):
		d.Log.Error("the database is damaged", "error", err,
			"hint", "stop the appliance, then restore a snapshot or run 'letterbox rescue'; until then nothing is cleared away")
	case err != nil:
		d.Log.Error("upkeep failed; it is tried again the next night", "step", c.name, "error", err)
	default:
		d.Log.Info("upkeep", "step", c.name, "took", time.Since(began))
	}
	return err
}

// recount is the monthly mark and sweep of what refers to the bodies.
func (d *Data) recount(ctx context.Context) error {
	wrong, err := d.Store.CheckReferences(ctx)
	if wrong > 0 {
		d.Log.Warn("references to bodies were miscounted, and are mended", "bodies", wrong,
			"hint", "no mail is lost, but this should not happen: please report it with the log of the last month")
	}
	return err
}

// checkUsage recounts what everybody holds.
func (d *Data) checkUsage(ctx context.Context) error {
	wrong, err := d.Store.CheckUsage(ctx)
	for _, w := range wrong {
		d.Log.Warn("what a mailbox holds was miscounted, and is mended", "account", int64(w.Account), "mailbox", w.Mailbox,
			"stored_bytes", w.Stored.Bytes, "bytes", w.Counted.Bytes, "stored_messages", w.Stored.Messages, "messages", w.Counted.Messages,
			"hint", "no mail is lost, but this should not happen: please report it with the log of the last day")
	}
	return err
}

// scrub reads every body and compares it with its hash. What it finds is told
// body by body, with whose it was; damage is no reason to try again tomorrow.
func (d *Data) scrub(ctx context.Context) error {
	damaged := 0
	err := d.Blobs.Scrub(ctx, func(r blob.Record, err error) {
		damaged++
		d.Log.Error("a message body is damaged", "error", err, "accounts", owners(r),
			slog.Int64("bytes", r.Size), "hint", "restore the message from a snapshot; damage that grows means that the disk is dying")
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		damaged++
		d.Log.Error("stretches of a pack hold no record", "error", err,
			"hint", "what stood there is lost unless a snapshot has it; damage that grows means that the disk is dying")
	}
	if damaged > 0 {
		d.Log.Error("the packs are damaged", "findings", damaged, "folder", d.folder.join(blobFolder))
	}
	return nil
}

// owners lists whose a record was at delivery, each once.
func owners(r blob.Record) (accounts []string) {
	seen := map[string]bool{}
	for _, m := range r.Meta {
		at := fmt.Sprintf("%s %s", m.Account, m.Mailbox)
		if !seen[at] {
			accounts = append(accounts, at)
		}
		seen[at] = true
	}
	return accounts
}
