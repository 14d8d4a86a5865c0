package appliance

import (
	"context"
	"errors"
	"fmt"
	"time"

	"letterbox/directory"
	"letterbox/store"
	"letterbox/telemetry"
)

// RemoveUser removes a user or a team with all mail, with what of theirs is on its
// way, and with the rights that they have and that others have on their
// mailboxes.
func (d *Data) RemoveUser(ctx context.Context, user *directory.User) error {
	// In this order a step that fails can be repeated: the user is found again.
	if err := d.Directory.SetDisabled(ctx, user.Address, true); err != nil {
		return err
	}
	if err := d.Store.RemoveAccount(ctx, store.AccountID(user.ID)); err != nil {
		return fmt.Errorf("remove the mail of %s: %w", user.Address, err)
	}
	if err := d.Junk.Forget(ctx, store.AccountID(user.ID)); err != nil {
		return err
	}
	if err := d.Queue.Forget(ctx, user.ID); err != nil {
		return err
	}
	return d.Directory.RemoveUser(ctx, user.Address)
}

// endSessions ends connections of mail programs that stand on nothing any more:
// their password was changed, say, or their app password revoked.
func (d *Data) endSessions(e directory.Ending) {
	d.Telemetry.Kick(func(g telemetry.Glance) bool { return e.Covers(g.Who.Account, g.Who.With.ID) })
}

// removeLeavers removes those whose time has come.
func (d *Data) removeLeavers(ctx context.Context, now time.Time) error {
	leavers, err := d.Directory.Leavers(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, l := range leavers {
		if l.Due.After(now) || ctx.Err() != nil {
			break // the soonest come first
		}
		if err := d.RemoveUser(ctx, &l.User); err != nil {
			errs = append(errs, err)
			continue
		}
		d.Log.Info("account removed, as was asked for", "account", l.Address, "asked", l.Asked)
	}
	return errors.Join(append(errs, ctx.Err())...)
}
