package backup

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"
)

// pruneGrace is how old a bundle must be before it is removed because no snapshot
// needs it: a snapshot that is being taken may be about to name it.
const pruneGrace = 24 * time.Hour

// Pruned says what Prune removed, or would.
type Pruned struct {
	Kept    []ID
	Removed []ID
	Bundles int   // that nothing needs any more
	Waiting int   // of those, too young to go
	Bytes   int64 // of those that went
}

// Prune forgets the snapshots that the schedule does not keep, then removes the
// bundles that none of the others needs. A snapshot whose manifest cannot be
// read might need anything: then no bundle goes. With dry it only says so.
func (k *Keeper) Prune(ctx context.Context, t Target, keep Schedule, dry bool) (Pruned, error) {
	end, err := k.begin("prune " + t.String())
	if err != nil {
		return Pruned{}, err
	}
	defer end()
	pruned, err := k.prune(ctx, t, keep, dry)
	if err != nil {
		return pruned, fmt.Errorf("prune %s: %w", t, err)
	}
	return pruned, nil
}

func (k *Keeper) prune(ctx context.Context, t Target, keep Schedule, dry bool) (p Pruned, err error) {
	repo, err := k.Repository(ctx, t)
	if err != nil {
		return p, err
	}
	ids, err := repo.Snapshots(ctx)
	if err != nil {
		return p, err
	}
	p.Kept, p.Removed = keep.Divide(ids, time.Local)
	needed, err := repo.needed(ctx, p.Kept)
	if err != nil {
		return p, err
	}
	// The snapshots go first: one that is listed has all that it needs.
	for _, id := range p.Removed {
		if dry {
			break
		}
		if err := t.Remove(ctx, id.object()); err != nil {
			return p, fmt.Errorf("remove snapshot %s: %w", id, err)
		}
	}
	return p, k.sweep(ctx, repo, needed, dry, &p)
}

// needed collects what the snapshots need.
func (r *Repository) needed(ctx context.Context, ids []ID) (map[Name]bool, error) {
	needed := map[Name]bool{}
	parts := map[Name][]byte{} // most snapshots share theirs
	read := func(ctx context.Context, name Name) ([]byte, error) {
		if text, ok := parts[name]; ok {
			return text, nil
		}
		text, err := r.bundle(ctx, name)
		parts[name] = text
		return text, err
	}
	for _, id := range ids {
		m, err := r.manifest(ctx, id, read)
		if errors.Is(err, ErrMissing) {
			if _, listed := r.Find(ctx, string(id)); listed != nil {
				continue // pruned by somebody else meanwhile
			}
		}
		if err != nil {
			return nil, fmt.Errorf("nothing can be removed while it is not known what is needed: %w", err)
		}
		m.needs(func(n Name) { needed[n] = true })
	}
	return needed, nil
}

// sweep removes the bundles that nothing needs.
func (k *Keeper) sweep(ctx context.Context, repo *Repository, needed map[Name]bool, dry bool, p *Pruned) error {
	var orphans []Object
	err := repo.target.List(ctx, dataFolder, func(o Object) error {
		name, err := parseName(path.Base(o.Name))
		part := strings.HasPrefix(path.Base(o.Name), partPrefix) // left by a process that was killed
		if err != nil && !part || needed[name] {
			return nil
		}
		p.Bundles++
		if k.now().Sub(o.Modified) < pruneGrace {
			p.Waiting++
			return nil
		}
		orphans = append(orphans, o)
		return nil
	})
	if err != nil {
		return err
	}
	for _, o := range orphans {
		if !dry {
			if err := repo.target.Remove(ctx, o.Name); err != nil {
				return fmt.Errorf("remove %s: %w", o.Name, err)
			}
		}
		p.Bytes += o.Size
	}
	return nil
}
