package appliance

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"letterbox/backup"
	"letterbox/database"
	"letterbox/directory"
	"letterbox/store"
)

// rescueFile is in the data folder while a rescue is under way or was
// interrupted. It holds the name of the database that was set aside; empty when
// there was none.
const rescueFile = "rescue"

// lostAddress gets the mail of which no record says whose it was.
const lostAddress = "rescued@rescued.invalid"

var (
	// ErrWhole says that there is nothing to rescue.
	ErrWhole = errors.New("the database is whole: there is nothing to rescue")

	errUnfinished   = errors.New("a rescue was begun and has not come to its end: run 'letterbox rescue' again")
	errHalfRestored = errors.New("a restore was begun and has not come to its end: run 'letterbox snapshot restore' again")
	errNoDatabase   = errors.New("the database is missing, but there are packs of messages: run 'letterbox rescue', which rebuilds it from them")
)

// RescueOptions of Rescue.
type RescueOptions struct {
	Log      *slog.Logger
	Whole    bool             // go on with a database that is whole
	Progress func(done int64) // records; may be nil
}

// A RescueReport says what a rescue found.
type RescueReport struct {
	store.RescueReport
	Aside  string   // where the damaged database lies now; "" if there was none
	Users  int      // that the damaged database still told, with their passwords
	Made   []string // users who were known by their mail alone; they have no password
	Places int64    // messages of which the damaged database told where they stood last
}

// Rescue rebuilds the database of a data folder from the packs, and from what a
// damaged one still tells, which is set aside and never changed. It can be
// interrupted and run again; until it has come to its end nothing else opens the
// folder. ErrWhole; *InUseError when an appliance runs.
func Rescue(ctx context.Context, c Config, o RescueOptions) (report RescueReport, err error) {
	if packs, err := hasPacks(c.Data); err != nil || !packs {
		return report, errors.Join(err, fmt.Errorf("%s holds no packs of messages; is that the data folder?", filepath.Join(c.Data, blobFolder)))
	}
	f, err := openFolder(c.Data)
	if err != nil {
		return report, err
	}
	begun, err := f.beginRescue(ctx, o)
	if err != nil {
		return report, errors.Join(err, f.Close())
	}
	if begun != "" {
		report.Aside = f.join(begun)
	}
	d := newData(c, o.Log, f)
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := d.open(ctx); err != nil {
		return report, err
	}
	if err := d.rescue(ctx, &report, o.Progress); err != nil {
		return report, err
	}
	return report, f.endRescue()
}

// hasPacks reports whether bodies were ever kept in a data folder.
func hasPacks(path string) (bool, error) {
	packs, err := filepath.Glob(filepath.Join(path, blobFolder, "*.pack"))
	return len(packs) > 0, err
}

// mustBeWhole refuses a folder that needs a rescue first. In one whose database
// is missing a new one would be made, and the nightly sweep would take every
// body for garbage.
func (f *folder) mustBeWhole() error {
	if _, err := os.Stat(f.join(rescueFile)); err == nil {
		return fmt.Errorf("data folder %s: %w", f.path, errUnfinished)
	}
	if _, err := os.Stat(f.join(rollbackFile)); err == nil {
		return fmt.Errorf("data folder %s: %w", f.path, errHalfRolledBack)
	}
	if _, err := os.Stat(f.join(backup.Unfinished)); err == nil {
		return fmt.Errorf("data folder %s: %w", f.path, errHalfRestored)
	}
	known, err := hasData(f.path)
	if err != nil || known {
		return err
	}
	packs, err := hasPacks(f.path)
	if err == nil && packs {
		err = fmt.Errorf("data folder %s: %w", f.path, errNoDatabase)
	}
	return err
}

// beginRescue sets a damaged database aside, and notes that before, so that the
// next run knows it. It returns its new name.
func (f *folder) beginRescue(ctx context.Context, o RescueOptions) (aside string, err error) {
	note, err := os.ReadFile(f.join(rescueFile))
	if err == nil {
		return f.setAside(strings.TrimSpace(string(note)))
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	there, err := hasData(f.path)
	if err != nil {
		return "", err
	}
	if there {
		err := checkDatabase(ctx, f.join(databaseFile), o.Log)
		if err == nil && !o.Whole {
			return "", ErrWhole
		}
		if err != nil && !errors.Is(err, database.ErrDamaged) {
			return "", err
		}
		if err != nil {
			aside = f.freeName(databaseFile + ".damaged-" + time.Now().UTC().Format("20060102T150405"))
		}
	}
	if err := writeDurably(f.join(rescueFile), aside+"\n"); err != nil {
		return "", err
	}
	return f.setAside(aside)
}

// freeName returns the name, or one like it that nothing has.
func (f *folder) freeName(name string) string {
	free := name
	for n := 2; ; n++ {
		if _, err := os.Lstat(f.join(free)); errors.Is(err, fs.ErrNotExist) {
			return free
		}
		free = fmt.Sprintf("%s.%d", name, n)
	}
}

// checkDatabase returns what is wrong with a database.
func checkDatabase(ctx context.Context, path string, log *slog.Logger) error {
	db, err := database.Open(ctx, path, database.Options{Log: log, Readers: 1})
	if err != nil {
		return err
	}
	return errors.Join(db.Check(ctx), db.Close())
}

func writeDurably(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Sync(), f.Close())
}

// setAside renames the database, its WAL first: whatever moment this is
// interrupted at, the next run does the rest.
func (f *folder) setAside(aside string) (string, error) {
	if aside == "" {
		return "", nil
	}
	if _, err := os.Stat(f.join(aside)); err == nil {
		return aside, nil
	}
	for _, suffix := range []string{"-shm", "-wal", ""} {
		err := os.Rename(f.join(databaseFile+suffix), f.join(aside+suffix))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("set the damaged database aside: %w", err)
		}
	}
	return aside, nil
}

// endRescue opens the folder to others again.
func (f *folder) endRescue() error { return os.Remove(f.join(rescueFile)) }

// rescue fills the database.
func (d *Data) rescue(ctx context.Context, report *RescueReport, progress func(int64)) (err error) {
	var was *store.Salvaged
	if report.Aside != "" {
		if report.Users, err = d.salvageUsers(ctx, report.Aside); err != nil {
			return err
		}
		if was, err = store.Salvage(ctx, report.Aside); err != nil {
			return err
		}
		report.Places = was.Messages
	}
	owner := func(address string) (store.AccountID, error) { return d.ownerOf(ctx, address, &report.Made) }
	report.RescueReport, err = d.Store.Rescue(ctx, owner, was, progress)
	return err
}

func (d *Data) salvageUsers(ctx context.Context, path string) (users int, err error) {
	w, err := database.OpenWreck(path)
	if err != nil {
		return 0, err
	}
	users, err = d.Directory.Salvage(ctx, w)
	return users, errors.Join(err, w.Close())
}

// ownerOf finds the account of an address, or makes it. Mail of an address that
// cannot be a user's any more goes to lostAddress.
func (d *Data) ownerOf(ctx context.Context, address string, made *[]string) (store.AccountID, error) {
	user, err := d.Directory.User(ctx, address)
	if err == nil {
		return store.AccountID(user.ID), nil
	}
	if !errors.Is(err, directory.ErrNoSuchUser) && !errors.Is(err, directory.ErrBadAddress) {
		return 0, err
	}
	user, err = d.makeUser(ctx, address)
	if (errors.Is(err, directory.ErrExists) || errors.Is(err, directory.ErrBadAddress)) && address != lostAddress {
		return d.ownerOf(ctx, lostAddress, made)
	}
	if err != nil {
		return 0, err
	}
	*made = append(*made, user.Address)
	return store.AccountID(user.ID), nil
}

// makeUser makes a user without a password, and the domain.
func (d *Data) makeUser(ctx context.Context, address string) (*directory.User, error) {
	_, domain, _ := strings.Cut(address, "@")
	if _, err := d.Directory.AddDomain(ctx, domain); err != nil && !errors.Is(err, directory.ErrExists) {
		return nil, err
	}
	return d.Directory.AddUser(ctx, address, "", "")
}
