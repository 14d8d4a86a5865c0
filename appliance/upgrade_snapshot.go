package appliance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"letterbox/backup"
	"letterbox/database"
	"letterbox/directory"
	"letterbox/store"
	"letterbox/store/blob"
)

// A Before is what became of the snapshot before an update at one target.
type Before struct {
	Target   string `json:"target"`
	Snapshot string `json:"snapshot"` // "": none was taken
	Error    string `json:"error"`    // why
}

// beforeUpdate bounds how long a start waits for all targets together. Mail waits
// meanwhile, and 'letterbox rollback' needs none of them: it has the copy.
const beforeUpdate = time.Minute

// snapshots takes a snapshot to each target before the data is changed. None that
// is away, or slow, keeps the appliance from starting: the one before stands, and
// what was written there is used by the next.
func (u *upgrader) snapshots(ctx context.Context) []Before {
	all, err := u.takeSnapshots(ctx)
	if err != nil {
		u.log.Warn("no snapshot was taken before the update", "error", err)
	}
	for _, b := range all {
		if b.Error != "" {
			u.log.Warn("no snapshot was taken before the update", "target", b.Target, "error", b.Error)
		} else {
			u.log.Info("a snapshot was taken before the update", "target", b.Target, "id", b.Snapshot)
		}
	}
	return all
}

func (u *upgrader) takeSnapshots(ctx context.Context) (all []Before, err error) {
	db, err := database.Open(ctx, u.join(databaseFile), database.Options{Log: u.log, AsIs: true, Readers: 1})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	blobs, err := blob.Open(u.join(blobFolder), blob.Options{Log: u.log})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, blobs.Close()) }()
	choices, err := directory.ChoicesIn(ctx, db)
	if err != nil {
		return nil, err
	}
	c, _ := chosen(&u.config, choices)
	c.name()
	disk, _, err := store.DiskSpace(u.path)
	if err != nil {
		return nil, err
	}
	keeper := backup.NewKeeper(backup.Source{
		Folder: c.Data, Config: c.File, DB: db, Blobs: blobs,
		Host: c.Hostname, Program: u.lastProgram(), Reserve: cmp.Or(int64(c.Mail.Reserve), store.Reserve(disk)),
	}, u.log.With("task", "snapshot"))
	return takeInTime(ctx, keeper, c.SnapshotPlan(), beforeUpdate), nil
}

// takeInTime gives each target its part of the time that is left.
func takeInTime(ctx context.Context, k *backup.Keeper, p backup.Plan, limit time.Duration) (all []Before) {
	p.Hurry = true
	end := time.Now().Add(limit)
	for n, target := range p.Targets {
		part := time.Until(end) / time.Duration(len(p.Targets)-n)
		ctx, cancel := context.WithTimeoutCause(ctx, part, fmt.Errorf("it took longer than the %s that a start waits for it", part.Round(time.Millisecond)))
		result, err := k.TakeTo(ctx, target, p)
		one := Before{Target: target, Snapshot: string(result.ID)}
		if err != nil {
			one.Snapshot, one.Error = "", err.Error()
			if ctx.Err() != nil {
				one.Error = context.Cause(ctx).Error()
			}
		}
		cancel()
		all = append(all, one)
	}
	return all
}
