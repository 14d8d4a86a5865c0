package appliance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"letterbox/database"
	"letterbox/store"
)

// Before a newer program changes the form of the database, a copy is kept, to
// which 'letterbox rollback' returns. Of the bodies none has to be copied: packs
// only grow, and while a copy is kept nothing is swept.
const (
	// upgradeFolder holds the copies, each in a folder of its own.
	upgradeFolder = "upgrades"
	// unfinishedCopy is where one is made; whatever lies there at a start is not
	// whole.
	unfinishedCopy = "unfinished"
	rehearsalFile  = "rehearsal.db"
	noteFile       = "upgrade.json"

	// versionFile says which program had the folder open last.
	versionFile = "version"
)

// An Upgrade is what is known of one.
type Upgrade struct {
	At          time.Time `json:"at"`
	From        int       `json:"from"` // versions of the database
	To          int       `json:"to"`
	FromProgram string    `json:"from_program"`
	ToProgram   string    `json:"to_program"`
	Differences []string  `json:"differences"` // that the rehearsal found
	Snapshots   []Before  `json:"snapshots"`   // of before, where snapshots go

	Folder string `json:"-"` // where the copy is
}

// Since is the folder for mail that came since the update, when that is taken
// back. It is nobody's to remove but the owner's.
func (u *Upgrade) Since() string {
	return filepath.Join(filepath.Dir(u.Folder), "since-"+filepath.Base(u.Folder))
}

// Database is the path of the copy.
func (u *Upgrade) Database() string { return filepath.Join(u.Folder, databaseFile) }

// An upgrader is at work on a folder; step is called between what a crash may
// come between, for tests.
type upgrader struct {
	*folder
	config Config
	log    *slog.Logger
	step   func(string) error // may be nil
}

func (u *upgrader) reached(step string) error {
	if u.step == nil {
		return nil
	}
	return u.step(step)
}

// upgrade keeps a copy of a database that this program is about to change, and
// rehearses the change on another one. It fails when that fails, and then nothing
// was changed.
func (u *upgrader) upgrade(ctx context.Context, keep time.Duration) error {
	if err := u.clearCopies(); err != nil {
		return err
	}
	there, err := hasData(u.path)
	if err != nil || !there || keep <= 0 {
		return err
	}
	from, to, err := database.Versions(ctx, u.join(databaseFile))
	if err != nil || from >= to || from == 0 {
		return nil // whoever opens it says what is wrong, and better
	}
	known, err := Upgrades(u.path)
	if err != nil {
		return err
	}
	// One that was broken off between two migrations goes on with the copy that was
	// kept before the first.
	for _, k := range known {
		switch {
		case k.From < from && k.To == to:
			return nil
		case k.From == from: // of an update that came to nothing, or was taken back
			if err := os.RemoveAll(k.Folder); err != nil {
				return err
			}
		}
	}
	if err := u.roomForCopies(); err != nil {
		return err
	}
	if err := u.keepCopy(ctx, from, to); err != nil {
		return fmt.Errorf("prepare the update of the data: %w; nothing was changed: the version before (%s) can be started again", err, u.lastProgram())
	}
	return nil
}

// clearCopies removes what a crash left.
func (u *upgrader) clearCopies() error {
	err := os.RemoveAll(u.join(upgradeFolder, unfinishedCopy))
	for _, name := range []string{rollbackDatabase, rollbackDatabase + "-wal", rollbackDatabase + "-shm"} {
		if e := os.Remove(u.join(name)); !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// roomForCopies refuses to begin what the disk has no room for: the copy, and
// the one on which the update is rehearsed.
func (u *upgrader) roomForCopies() error {
	info, err := os.Stat(u.join(databaseFile))
	if err != nil {
		return err
	}
	_, free, err := store.DiskSpace(u.path)
	if need := 5 * info.Size() / 2; err == nil && free < need {
		return fmt.Errorf("updating the data needs %d MB on the disk for a copy of the database, and %d MB are free: delete something, or go without a copy by --set mail.rollback_days=0",
			need/1e6+1, free/1e6)
	}
	return nil
}

// keepCopy makes the copy, rehearses, and gives the copy its name, with which it
// counts.
func (u *upgrader) keepCopy(ctx context.Context, from, to int) error {
	began := time.Now()
	scratch := u.join(upgradeFolder, unfinishedCopy)
	if err := os.MkdirAll(scratch, 0o700); err != nil {
		return err
	}
	note := Upgrade{
		At: began.UTC().Truncate(time.Second), From: from, To: to,
		FromProgram: u.lastProgram(), ToProgram: Version(), Folder: scratch,
	}
	if err := database.Copy(ctx, u.join(databaseFile), note.Database()); err != nil {
		return err
	}
	if err := u.reached("copied"); err != nil {
		return err
	}
	var err error
	if note.Differences, err = u.rehearse(ctx, note.Database(), filepath.Join(scratch, rehearsalFile)); err != nil {
		return err
	}
	if err := u.reached("rehearsed"); err != nil {
		return err
	}
	note.Snapshots = u.snapshots(ctx)
	text, err := json.MarshalIndent(note, "", "  ")
	if err != nil {
		return err
	}
	if err := writeDurably(filepath.Join(scratch, noteFile), string(text)+"\n"); err != nil {
		return err
	}
	name := fmt.Sprintf("%s-version%d", note.At.Format("20060102T150405Z"), from)
	if err := os.Rename(scratch, u.join(upgradeFolder, name)); err != nil {
		return err
	}
	if err := syncFolder(u.join(upgradeFolder)); err != nil {
		return err
	}
	u.log.Info("the data is brought to a newer version", "from", from, "to", to, "from_program", note.FromProgram,
		"differences", strings.Join(note.Differences, "; "), "took", time.Since(began),
		"hint", "'letterbox rollback' returns to what it was")
	return u.reached("kept")
}

// rehearse migrates a copy of the copy, which is removed then.
func (u *upgrader) rehearse(ctx context.Context, kept, scratch string) ([]string, error) {
	if err := database.Copy(ctx, kept, scratch); err != nil {
		return nil, err
	}
	differences, err := database.Rehearse(ctx, scratch)
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if e := os.Remove(scratch + suffix); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return differences, err
}

// Upgrades lists those that can be taken back, the latest first.
func Upgrades(data string) ([]Upgrade, error) {
	notes, err := filepath.Glob(filepath.Join(data, upgradeFolder, "*-version*", noteFile))
	if err != nil {
		return nil, err
	}
	var all []Upgrade
	for _, name := range notes {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		u := Upgrade{Folder: filepath.Dir(name)}
		if err := json.Unmarshal(text, &u); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		all = append(all, u)
	}
	slices.SortFunc(all, func(a, b Upgrade) int { return b.At.Compare(a.At) })
	return all, nil
}

// forgetUpgrades removes the copies that are older than keep, and reports whether
// one is left: nothing may be swept then.
func (d *Data) forgetUpgrades(now time.Time) (left bool, err error) {
	all, err := Upgrades(d.Config.Data)
	for _, u := range all {
		if now.Sub(u.At) < d.Config.Mail.rollback() {
			left = true
			continue
		}
		if err := os.RemoveAll(u.Folder); err != nil {
			return true, err
		}
		d.Log.Info("an update can no longer be taken back", "from", u.From, "to", u.To, "at", u.At)
	}
	return left, err
}

// lastProgram is the version that had the folder open last.
func (f *folder) lastProgram() string {
	text, err := os.ReadFile(f.join(versionFile))
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(text))
}

// signProgram notes that this program has the folder open.
func (f *folder) signProgram() error {
	if f.lastProgram() == Version() {
		return nil
	}
	return writeDurably(f.join(versionFile), Version()+"\n")
}

func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
