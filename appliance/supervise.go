package appliance

import (
	"context"
	"log/slog"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// notify tells systemd a state, where it started this process.
func notify(log *slog.Logger, state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		log.Warn("systemd was not notified", "state", state, "error", err)
	}
}

// watchdog tells systemd that the appliance is well, as often as the unit's
// WatchdogSec= asks for; without that it returns at once. A database that does
// not answer makes it fall silent, and systemd starts the appliance anew.
func (d *Data) watchdog(ctx context.Context) error {
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil || every == 0 {
		return err
	}
	tick := time.NewTicker(every / 2)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := d.Healthy(ctx); err != nil {
			d.Log.Error("not well", "error", err)
			continue
		}
		notify(d.Log, daemon.SdNotifyWatchdog)
	}
}
