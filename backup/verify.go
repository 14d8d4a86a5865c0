package backup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
)

// A Problem is something wrong at a target.
type Problem struct {
	Object    string
	Err       error
	Snapshots []ID     // that cannot be restored whole
	Holds     []string // what of them: file and bytes
}

func (p Problem) String() string { return fmt.Sprintf("%s: %v", p.Object, p.Err) }

// Verified is what Verify looked at.
type Verified struct {
	Snapshots int
	Bundles   int
	Bytes     int64 // uncompressed
	Problems  []Problem
}

// Verify reads everything that the given snapshots need, of all that are listed
// when none is given, and names what is damaged, missing or exchanged. Only what
// keeps it from looking is an error.
func (k *Keeper) Verify(ctx context.Context, t Target, only ...ID) (Verified, error) {
	end, err := k.begin("verify " + t.String())
	if err != nil {
		return Verified{}, err
	}
	defer end()
	repo, err := k.Repository(ctx, t)
	if err != nil {
		return Verified{}, err
	}
	v, err := repo.verify(ctx, only, k.expect, k.did)
	if err != nil || !repo.encrypted {
		return v, err
	}
	err = k.verifyKeys(ctx, repo, &v)
	return v, err
}

// verifyKeys compares the copies of the key at the target with those here: without
// one of them nobody else can open the snapshots.
func (k *Keeper) verifyKeys(ctx context.Context, repo *Repository, v *Verified) error {
	here, err := k.keyCopies()
	if err != nil {
		return err
	}
	there, err := repo.keyCopies(ctx)
	if err != nil {
		return err
	}
	for name, want := range here {
		err := ErrDamaged
		if there[name] == nil {
			err = ErrMissing
		}
		if !slices.Equal(there[name], want) {
			v.Problems = append(v.Problems, Problem{Object: keysAtTarget + "/" + name, Err: err, Holds: []string{"the key, for one of its owner's; the next snapshot puts it there again"}})
		}
	}
	return nil
}

// Verify is that of a Keeper, for a repository whose appliance is elsewhere.
func (r *Repository) Verify(ctx context.Context, only ...ID) (Verified, error) {
	return r.verify(ctx, only, func(int64) {}, func(int64) {})
}

func (r *Repository) verify(ctx context.Context, ids []ID, expect, did func(int64)) (v Verified, err error) {
	if len(ids) == 0 {
		if ids, err = r.Snapshots(ctx); err != nil {
			return v, err
		}
	}
	users := map[Name]*usage{}
	for _, id := range ids {
		v.Snapshots++
		m, err := r.Manifest(ctx, id)
		switch {
		case isLost(err) || errors.Is(err, errBadManifest):
			v.Problems = append(v.Problems, Problem{id.object(), err, []ID{id}, []string{"the snapshot's manifest"}})
		case err != nil:
			return v, err
		default:
			collect(users, m)
		}
	}
	for _, u := range users {
		expect(u.size)
	}
	err = r.verifyBundles(ctx, users, did, &v)
	slices.SortFunc(v.Problems, func(a, b Problem) int { return slices.Compare([]byte(a.Object), []byte(b.Object)) })
	return v, err
}

// A usage says who needs a bundle.
type usage struct {
	size      int64
	snapshots []ID
	holds     []string // in the last of them
}

func collect(users map[Name]*usage, m *Manifest) {
	need := func(name Name, size int64, holds string) {
		u := users[name]
		if u == nil {
			u = &usage{}
			users[name] = u
		}
		u.size = max(u.size, size)
		if n := len(u.snapshots); n == 0 || u.snapshots[n-1] != m.ID {
			u.snapshots, u.holds = append(u.snapshots, m.ID), nil
		}
		if len(u.holds) < 3 {
			u.holds = append(u.holds, holds)
		}
	}
	for _, name := range m.parts {
		need(name, 0, "a part of the manifest")
	}
	for _, f := range m.Files {
		var at int64
		for _, e := range f.Extents {
			need(e.Bundle, e.Size, fmt.Sprintf("%s, bytes %d to %d", f.Path, at, at+e.Length))
			at += e.Length
		}
	}
}

func (r *Repository) verifyBundles(ctx context.Context, users map[Name]*usage, did func(int64), v *Verified) error {
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(sealers)
	for name, u := range users {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			plain, err := r.bundle(ctx, name)
			if err == nil && u.size > 0 && int64(len(plain)) != u.size {
				err = fmt.Errorf("%w: it has %d of %d bytes", ErrDamaged, len(plain), u.size)
			}
			if err != nil && !isLost(err) {
				return err
			}
			did(u.size)
			mu.Lock()
			defer mu.Unlock()
			v.Bundles++
			v.Bytes += int64(len(plain))
			if err != nil {
				v.Problems = append(v.Problems, Problem{name.object(), err, u.snapshots, u.holds})
			}
			return nil
		})
	}
	return group.Wait()
}
