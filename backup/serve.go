package backup

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// A Plan says where snapshots go, and when.
type Plan struct {
	Targets    []string
	Access     Access
	Schedule   Schedule
	Hurry      bool // somebody waits for it
	AppendOnly bool // nothing is ever removed: the target's credentials cannot
}

const (
	// afterStart is when the first snapshot after a start may be due: mail comes
	// first.
	afterStart = 10 * time.Minute

	// retryAfter is when a snapshot that failed is tried again, if the next one is
	// not due before.
	retryAfter = 15 * time.Minute

	// pruneEvery bounds how often a target is asked for everything it has.
	pruneEvery = 24 * time.Hour
)

// How often what is proven.
const (
	proveFarEvery  = 24 * time.Hour      // the newest, where the database comes from far away; else each
	proveOldEvery  = 7 * 24 * time.Hour  // one of the older ones
	proveFullEvery = 30 * 24 * time.Hour // every body
)

// Serve takes, proves and prunes snapshots as planned until ctx ends. What fails
// is logged, remembered for Records, and tried again.
func (k *Keeper) Serve(ctx context.Context, p Plan) error {
	r := rota{
		targets: p.Targets, schedule: p.Schedule,
		last: func(target string) time.Time { return k.record(target).Last.Time() },
		run:  func(ctx context.Context, target string) error { return k.Round(ctx, target, p) },
	}
	r.serve(ctx)
	return nil
}

// A rota runs targets in turn when they are due.
type rota struct {
	targets  []string
	schedule Schedule
	last     func(target string) time.Time // when its last snapshot was taken
	run      func(ctx context.Context, target string) error
}

func (r *rota) serve(ctx context.Context) {
	if r.schedule.Every == 0 || len(r.targets) == 0 {
		return
	}
	failed := map[string]time.Time{}
	wait := afterStart
	for {
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		for _, target := range r.targets {
			if now := time.Now(); r.due(target, failed[target], now).After(now) {
				continue
			}
			delete(failed, target)
			if err := r.run(ctx, target); err != nil {
				failed[target] = time.Now()
			}
			if ctx.Err() != nil {
				return
			}
		}
		wait = r.schedule.Every
		for _, target := range r.targets {
			now := time.Now()
			wait = min(wait, max(r.due(target, failed[target], now).Sub(now), time.Second))
		}
	}
}

// due says when a target's turn is.
func (r *rota) due(target string, failed, now time.Time) time.Time {
	due := r.schedule.Next(r.last(target), now)
	if failed.IsZero() {
		return due
	}
	if again := failed.Add(min(retryAfter, r.schedule.Every)); again.After(due) {
		return again
	}
	return due
}

// Round takes one snapshot to one target, and does what is due there afterwards.
// Its error is that of the snapshot; what follows is logged and noted.
func (k *Keeper) Round(ctx context.Context, address string, p Plan) error {
	t, result, err := k.takeTo(ctx, address, p)
	if t != nil {
		defer t.Close()
	}
	if err != nil {
		return err
	}
	k.proveDue(ctx, t, address, result.ID)
	k.pruneDue(ctx, t, address, p)
	return nil
}

// TakeTo is Round without what is due afterwards.
func (k *Keeper) TakeTo(ctx context.Context, address string, p Plan) (Result, error) {
	t, result, err := k.takeTo(ctx, address, p)
	if t != nil {
		err = errors.Join(err, t.Close())
	}
	return result, err
}

// takeTo takes a snapshot, notes and logs what came of it. The target is nil where
// it could not be opened.
func (k *Keeper) takeTo(ctx context.Context, address string, p Plan) (t Target, result Result, err error) {
	began := k.now()
	if t, err = OpenTarget(ctx, address, p.Access); err == nil {
		result, err = k.Take(ctx, t, p.Hurry)
	}
	if errors.Is(err, ErrBusy) {
		return t, result, err // that says nothing about the target
	}
	k.note(address, func(r *Record) {
		r.Tried, r.Error = began, ""
		if err != nil {
			r.Error = err.Error()
			return
		}
		r.Last, r.Written, r.Took = result.ID, result.Bytes, result.Took
	})
	if err != nil {
		if ctx.Err() == nil {
			k.log.Error("no snapshot was taken", "target", address, "error", err)
		}
		return t, result, err
	}
	k.log.Info("snapshot", "target", address, "id", string(result.ID), "bytes", result.Bytes, "image", result.Image, "took", result.Took)
	return t, result, nil
}

// proveDue proves what is due.
func (k *Keeper) proveDue(ctx context.Context, t Target, address string, newest ID) {
	r := k.record(address)
	since := func(p Proof) time.Duration { return k.now().Sub(p.At) }
	switch {
	case since(r.Full) > proveFullEvery:
		k.proveNote(ctx, t, newest, true, address, func(r *Record, p Proof) { r.Full, r.Proof = p, p })
	case !t.Remote() || since(r.Proof) > proveFarEvery || r.Proof.Error != "":
		k.proveNote(ctx, t, newest, false, address, func(r *Record, p Proof) { r.Proof = p })
	}
	if since(r.Old) <= proveOldEvery {
		return
	}
	if old, ok := k.anOlder(ctx, t); ok {
		k.proveNote(ctx, t, old, false, address, func(r *Record, p Proof) { r.Old = p })
	}
}

// anOlder draws one of the snapshots before the newest.
func (k *Keeper) anOlder(ctx context.Context, t Target) (ID, bool) {
	repo, err := k.Repository(ctx, t)
	if err != nil {
		return "", false
	}
	ids, err := repo.Snapshots(ctx)
	if err != nil || len(ids) < 2 {
		return "", false
	}
	return ids[rand.IntN(len(ids)-1)], true
}

func (k *Keeper) proveNote(ctx context.Context, t Target, id ID, full bool, address string, set func(*Record, Proof)) {
	proof, err := k.Prove(ctx, t, id, full)
	if err != nil {
		if ctx.Err() == nil && !errors.Is(err, ErrBusy) {
			k.log.Error("a snapshot was not proven", "target", address, "id", string(id), "error", err)
		}
		return
	}
	if proof.Error != "" {
		k.log.Error("a snapshot cannot be restored whole", "target", address, "id", string(id), "error", proof.Error,
			"hint", "'letterbox snapshot verify' names what is damaged")
	}
	k.note(address, func(r *Record) { set(r, proof) })
}

// pruneDue prunes, at most once a day.
func (k *Keeper) pruneDue(ctx context.Context, t Target, address string, p Plan) {
	if p.AppendOnly || k.now().Sub(k.record(address).Pruned) < pruneEvery {
		return
	}
	pruned, err := k.Prune(ctx, t, p.Schedule, false)
	if err != nil {
		if ctx.Err() == nil {
			k.log.Error("old snapshots were not removed", "target", address, "error", err)
		}
		return
	}
	k.note(address, func(r *Record) { r.Pruned = k.now() })
	k.log.Info("old snapshots removed", "target", address, "kept", len(pruned.Kept), "removed", len(pruned.Removed), "bytes", pruned.Bytes)
}
