package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"letterbox/database"
	"letterbox/store"
)

// Unfinished is the folder within a data folder where Restore puts everything
// first. An appliance does not start on a data folder that has it.
const Unfinished = "restoring"

// Restored says what Restore gave back.
type Restored struct {
	Files    int
	Bytes    int64
	Counts   map[string]int64
	Lost     []Loss
	Affected []store.Place // messages whose body is lost
	Damaged  bool          // the database is, and needs a rescue
}

// RestoreOptions of Restore.
type RestoreOptions struct {
	Damaged  bool        // restore a damaged database too
	Progress func(int64) // is told of bytes that are done; may be nil

	// Settle is called with the restored database before anybody serves it, for
	// what other packages have in it; may be nil.
	Settle func(context.Context, *database.DB) error
}

// Restore makes a data folder of a snapshot. The folder must be empty, or hold
// what a Restore that was broken off left there. Nobody takes it for an appliance
// before everything is there and flushed.
//
// Every mailbox gets a new UIDVALIDITY (RFC 9051 section 2.3.1.1): since the
// snapshot uids may have been given that the restored mailboxes would give again
// to other messages, so that clients have to load them anew.
//
// What is damaged at the target is left out and reported. A damaged database is
// restored only when that is asked for: it is then left as it is, for rescue.
func (r *Repository) Restore(ctx context.Context, id ID, folder string, o RestoreOptions) (Restored, error) {
	if o.Progress == nil {
		o.Progress = func(int64) {}
	}
	if o.Settle == nil {
		o.Settle = func(context.Context, *database.DB) error { return nil }
	}
	restored, err := r.restore(ctx, id, folder, o)
	if err != nil {
		return restored, fmt.Errorf("restore snapshot %s to %s: %w", id, folder, err)
	}
	return restored, nil
}

func (r *Repository) restore(ctx context.Context, id ID, folder string, o RestoreOptions) (out Restored, err error) {
	done, err := clearUnfinished(folder)
	if err != nil || done {
		return out, err
	}
	m, err := r.Manifest(ctx, id)
	if err != nil {
		return out, err
	}
	scratch := filepath.Join(folder, Unfinished)
	if err := os.MkdirAll(scratch, 0o700); err != nil {
		return out, err
	}
	if out.Lost, err = r.fetch(ctx, m.Files, scratch, o.Progress); err != nil {
		return out, err
	}
	out.Files, out.Bytes = len(m.Files), m.Size()
	if i := slices.IndexFunc(out.Lost, func(l Loss) bool { return l.Path == databasePath }); i < 0 {
		if err := settle(ctx, scratch, &out, o.Settle); err != nil {
			return out, err
		}
	} else if out.Damaged = true; !o.Damaged {
		return out, fmt.Errorf("the database is damaged (%v); restore another snapshot ('letterbox snapshot verify' says which are whole), or this one with --damaged, and run 'letterbox rescue' on it", out.Lost[i])
	}
	if err := r.leaveKey(ctx, scratch); err != nil {
		return out, err
	}
	return out, moveIn(scratch, folder)
}

// leaveKey gives the restored appliance the key, so that it goes on with the
// snapshots where the lost one ended.
func (r *Repository) leaveKey(ctx context.Context, folder string) error {
	if !r.encrypted {
		return nil
	}
	copies, err := r.keyCopies(ctx)
	if err != nil {
		return err
	}
	keys := filepath.Join(folder, Work, keyFolder)
	if err := os.MkdirAll(keys, 0o700); err != nil {
		return err
	}
	for name, sealed := range copies {
		if err := writeFile(filepath.Join(keys, filepath.Base(name)), sealed); err != nil {
			return err
		}
	}
	return writeFile(filepath.Join(folder, Work, keyFile), []byte(r.key.identity.String()+"\n"))
}

// clearUnfinished makes room in a folder that holds nothing but a configuration
// and the leavings of an earlier Restore; done says that the earlier one lacked
// only its last step.
func clearUnfinished(folder string) (done bool, err error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	has := func(name string) bool {
		return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == name })
	}
	broken := has(Unfinished)
	if broken && has(databasePath) {
		return true, os.Remove(filepath.Join(folder, Unfinished))
	}
	for _, e := range entries {
		switch {
		case e.Name() == "lost+found" || e.Name() == configFile:
		case broken:
			if err := os.RemoveAll(filepath.Join(folder, e.Name())); err != nil {
				return false, err
			}
		default:
			return false, fmt.Errorf("%w in %s (%s); give an empty folder by --data, or move this one aside", ErrNotEmpty, folder, e.Name())
		}
	}
	return false, nil
}

// settle checks the database and tells clients that everything is new.
func settle(ctx context.Context, folder string, out *Restored, also func(context.Context, *database.DB) error) (err error) {
	db, err := database.Open(ctx, filepath.Join(folder, databasePath), database.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := db.Check(ctx); err != nil {
		return err
	}
	if err := store.RenewUIDValidity(ctx, db); err != nil {
		return err
	}
	if err := also(ctx, db); err != nil {
		return err
	}
	err = db.Read(ctx, func(c *database.Conn) (err error) {
		out.Counts, err = recounts(c)
		return err
	})
	if err != nil {
		return err
	}
	for _, l := range out.Lost {
		pack, ok := packNumber(l.Path)
		if !ok {
			continue
		}
		places, err := store.Places(ctx, db, pack, l.Offset, l.Offset+l.Length)
		if err != nil {
			return err
		}
		out.Affected = append(out.Affected, places...)
	}
	return nil
}

// packNumber reads a pack's number from its path.
func packNumber(path string) (number uint32, ok bool) {
	n, err := fmt.Sscanf(strings.TrimPrefix(path, blobFolder+"/"), "%d.pack", &number)
	return number, err == nil && n == 1 && packPath(number) == path
}

// moveIn moves everything to its place, the database last: with it the folder is
// an appliance's.
func moveIn(scratch, folder string) error {
	entries, err := os.ReadDir(scratch)
	if err != nil {
		return err
	}
	if err := syncTree(scratch); err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() == databasePath {
			continue
		}
		if _, err := os.Stat(filepath.Join(folder, e.Name())); err == nil {
			continue // the configuration that was there already
		}
		if err := os.Rename(filepath.Join(scratch, e.Name()), filepath.Join(folder, e.Name())); err != nil {
			return err
		}
	}
	if err := syncPath(folder); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(scratch, databasePath), filepath.Join(folder, databasePath)); err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(scratch), syncPath(folder))
}

// syncTree flushes the folders below one, for the names in them.
func syncTree(root string) error {
	return filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() {
			err = syncPath(path)
		}
		return err
	})
}

// recounts counts one by one what a snapshot's counts say.
func recounts(c *database.Conn) (map[string]int64, error) {
	t, err := store.Recount(c)
	return countsOf(t), err
}
