package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"letterbox/database"
	"letterbox/directory"
	"letterbox/store"
	"letterbox/store/blob"
)

// A Past is an appliance as a snapshot has it, to look into and to take from. Its
// database is fetched to a scratch folder; bodies stay at the target and come
// when they are read.
type Past struct {
	Manifest  *Manifest
	Store     *store.Store
	Directory *directory.Directory

	db      *database.DB
	blobs   *blob.Store
	scratch string
}

// Past opens a snapshot for reading, with its scratch folder in the given one.
// ctx must live as long as it is used.
func (r *Repository) Past(ctx context.Context, id ID, scratch string) (*Past, error) {
	p, err := r.past(ctx, id, scratch)
	if err != nil {
		return nil, fmt.Errorf("open snapshot %s: %w", id, err)
	}
	return p, nil
}

func (r *Repository) past(ctx context.Context, id ID, scratch string) (p *Past, err error) {
	m, err := r.Manifest(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(scratch, 0o700); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(scratch, partPrefix)
	if err != nil {
		return nil, err
	}
	p = &Past{Manifest: m, scratch: dir}
	if err := p.open(ctx, r); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

func (p *Past) open(ctx context.Context, r *Repository) error {
	f := p.Manifest.file(databasePath)
	if err := haveRoom(p.scratch, f.Size, scratchReserve); err != nil {
		return err
	}
	lost, err := r.fetch(ctx, []File{f}, p.scratch, func(int64) {})
	if err != nil {
		return err
	}
	if len(lost) > 0 {
		return fmt.Errorf("the database is damaged: %v", lost[0])
	}
	if p.db, err = database.Open(ctx, filepath.Join(p.scratch, databasePath), database.Options{}); err != nil {
		return err
	}
	p.blobs, err = blob.Open(blobFolder, blob.Options{FS: newRemotePacks(ctx, r, p.Manifest), ReadOnly: true})
	if err != nil {
		return err
	}
	if p.Directory, err = directory.Open(ctx, directory.Options{DB: p.db}); err != nil {
		return err
	}
	spool := filepath.Join(p.scratch, "spool")
	if err := os.MkdirAll(spool, 0o700); err != nil {
		return err
	}
	p.Store, err = store.Open(ctx, store.Options{DB: p.db, Blobs: p.blobs, Spool: spool, Still: true})
	return err
}

// Close gives it up and removes the scratch folder.
func (p *Past) Close() error {
	var errs []error
	if p.Store != nil {
		errs = append(errs, p.Store.Close())
	}
	if p.blobs != nil {
		errs = append(errs, p.blobs.Close())
	}
	if p.db != nil {
		errs = append(errs, p.db.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(p.scratch))...)
}

// haveRoom says when a disk is too full for scratch files.
func haveRoom(folder string, n, reserve int64) error {
	free, _, err := diskRoom(folder)
	if err != nil {
		return err
	}
	if free-n < reserve {
		return fmt.Errorf("%s has %d MB free, and %d more are needed for a while; make room", folder, free>>20, (n+reserve-free)>>20)
	}
	return nil
}

// scratchReserve stays free in any case.
const scratchReserve = 64 << 20
