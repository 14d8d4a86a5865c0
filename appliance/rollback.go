package appliance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"letterbox/database"
	"letterbox/queue"
	"letterbox/store"
)

const (
	// rollbackFile is in the data folder while a rollback exchanges the databases.
	// It holds the name that the newer one gets.
	rollbackFile = "rollback"
	// rollbackDatabase is the older one until it is in its place.
	rollbackDatabase = databaseFile + ".rollback"
)

var (
	// ErrNoUpgrade says that there is no copy to return to.
	ErrNoUpgrade = errors.New("there is no update to take back: the data has the form that it had")

	errHalfRolledBack = errors.New("a rollback was begun and has not come to its end: run 'letterbox rollback --yes' again")
)

// A RollbackReport says what a rollback did.
type RollbackReport struct {
	Upgrade
	Aside string // where the newer database lies now
	Held  int64  // recipients of mail that is held in the queue
}

// Rollback gives a data folder the database back that it had before the last
// update. What waits in the queue is held, since it may have left meanwhile; and
// clients load everything anew, since uids may have been given to other messages.
// It can be interrupted and run again; until it has come to its end nothing else
// opens the folder. ErrNoUpgrade; *InUseError when an appliance runs.
func Rollback(ctx context.Context, c Config, log *slog.Logger) (RollbackReport, error) {
	f, err := openFolder(c.Data)
	if err != nil {
		return RollbackReport{}, err
	}
	u := &upgrader{folder: f, log: log}
	report, err := u.rollback(ctx)
	return report, errors.Join(err, f.Close())
}

// LastUpgrade is the one that a rollback takes back; ErrNoUpgrade, also when it was
// taken back already.
func LastUpgrade(ctx context.Context, data string) (*Upgrade, error) {
	all, err := Upgrades(data)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, ErrNoUpgrade
	}
	if HalfRolledBack(data) {
		return &all[0], nil
	}
	now, _, err := database.Versions(ctx, filepath.Join(data, databaseFile))
	if err == nil && now <= all[0].From {
		err = ErrNoUpgrade
	}
	return &all[0], err
}

// HalfRolledBack reports whether a rollback was begun and has not come to its end.
func HalfRolledBack(data string) bool {
	_, err := os.Stat(filepath.Join(data, rollbackFile))
	return err == nil
}

func (u *upgrader) rollback(ctx context.Context) (report RollbackReport, err error) {
	last, err := LastUpgrade(ctx, u.path)
	if err != nil {
		return report, err
	}
	report.Upgrade = *last
	aside, err := os.ReadFile(u.join(rollbackFile))
	if errors.Is(err, fs.ErrNotExist) {
		return report, u.beginRollback(ctx, &report)
	}
	if err != nil {
		return report, err
	}
	report.Aside = u.join(strings.TrimSpace(string(aside)))
	return report, u.exchange(strings.TrimSpace(string(aside)))
}

// beginRollback makes the older database ready beside the newer one.
func (u *upgrader) beginRollback(ctx context.Context, report *RollbackReport) error {
	if err := u.clearCopies(); err != nil {
		return err
	}
	older := u.join(rollbackDatabase)
	if err := copyFile(report.Database(), older); err != nil {
		return err
	}
	if err := u.reached("older copied"); err != nil {
		return err
	}
	db, err := database.Open(ctx, older, database.Options{Log: u.log, AsIs: true})
	if err != nil {
		return err
	}
	report.Held, err = queue.HoldAll(ctx, db)
	if err == nil {
		err = store.RenewUIDValidity(ctx, db)
	}
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	if err := u.reached("older ready"); err != nil {
		return err
	}
	aside := u.freeName(fmt.Sprintf("%s.version%d-%s", databaseFile, report.To, time.Now().UTC().Format("20060102T150405")))
	report.Aside = u.join(aside)
	if err := writeDurably(u.join(rollbackFile), aside+"\n"); err != nil {
		return err
	}
	if err := syncFolder(u.path); err != nil {
		return err
	}
	if err := u.reached("begun"); err != nil {
		return err
	}
	return u.exchange(aside)
}

// exchange puts the older database into the place of the newer one. Wherever it
// was interrupted, it does the rest.
func (u *upgrader) exchange(aside string) error {
	if _, err := os.Stat(u.join(rollbackDatabase)); err == nil {
		if _, err := u.setAside(aside); err != nil {
			return err
		}
		if err := u.reached("newer set aside"); err != nil {
			return err
		}
		if err := os.Rename(u.join(rollbackDatabase), u.join(databaseFile)); err != nil {
			return err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := u.reached("exchanged"); err != nil {
		return err
	}
	if err := syncFolder(u.path); err != nil {
		return err
	}
	return errors.Join(os.Remove(u.join(rollbackFile)), syncFolder(u.path))
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}
