package backup

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"letterbox/database"
	"letterbox/store"
	"letterbox/store/blob"
)

// A Proof says that a snapshot was restored into scratch space, or why not: its
// database whole and with as many mailboxes and messages as were counted when it
// was taken, and bodies with the hash that their rows have.
type Proof struct {
	Snapshot ID
	At       time.Time
	Full     bool // every body, not a sample
	Bodies   int64
	Error    string // "" when it holds
}

// sampleBodies is how many bodies a sample has. Each may need a bundle of its
// own, which comes from far away.
const sampleBodies = 12

// Prove restores a snapshot into scratch space and compares. What it finds wrong
// is in the Proof; the error is for what kept it from looking.
func (k *Keeper) Prove(ctx context.Context, t Target, id ID, full bool) (Proof, error) {
	end, err := k.begin("prove " + t.String())
	if err != nil {
		return Proof{}, err
	}
	defer end()
	repo, err := k.Repository(ctx, t)
	if err != nil {
		return Proof{}, err
	}
	proof := Proof{Snapshot: id, Full: full}
	unhurried(func() { err = k.prove(ctx, repo, &proof) })
	proof.At = k.now()
	if ctx.Err() != nil {
		return proof, ctx.Err()
	}
	if err != nil {
		proof.Error = err.Error()
	}
	return proof, nil
}

func (k *Keeper) prove(ctx context.Context, r *Repository, proof *Proof) (err error) {
	past, err := r.Past(ctx, proof.Snapshot, k.work())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, past.Close()) }()
	if err := past.db.Check(ctx); err != nil {
		return err
	}
	if err := past.compareCounts(ctx); err != nil {
		return err
	}
	if proof.Full {
		k.expect(past.Manifest.Size())
		if err := r.readFiles(ctx, past.Manifest); err != nil {
			return err
		}
	}
	sample := sampleBodies
	if proof.Full {
		sample = 0
	}
	return store.Bodies(ctx, past.db, sample, func(hash blob.Hash, at blob.Location) error {
		if err := past.compareBody(hash, at); err != nil {
			return err
		}
		proof.Bodies++
		k.did(at.Length)
		return nil
	})
}

// compareCounts compares what is there with what was counted.
func (p *Past) compareCounts(ctx context.Context) error {
	var now map[string]int64
	err := p.db.Read(ctx, func(c *database.Conn) (err error) {
		now, err = recounts(c)
		return err
	})
	if err != nil {
		return err
	}
	var errs []error
	for name, was := range p.Manifest.Counts {
		if now[name] != was {
			errs = append(errs, fmt.Errorf("%d %s, and %d when it was taken", now[name], name, was))
		}
	}
	return errors.Join(errs...)
}

func (p *Past) compareBody(hash blob.Hash, at blob.Location) error {
	r, err := p.blobs.Open(at, hash)
	if err != nil {
		return err
	}
	defer r.Close()
	sum := sha256.New()
	if _, err := r.WriteTo(sum); err != nil {
		return err
	}
	if blob.Hash(sum.Sum(nil)) != hash {
		return fmt.Errorf("the body at offset %d of pack %d is another", at.Offset, at.Pack)
	}
	return nil
}

// readFiles reads what is neither database nor pack; the names of bundles vouch
// for what is in them.
func (r *Repository) readFiles(ctx context.Context, m *Manifest) error {
	read := map[Name]bool{}
	for _, f := range m.Files {
		if _, pack := packNumber(f.Path); pack || f.Path == databasePath {
			continue
		}
		for _, e := range f.Extents {
			if read[e.Bundle] {
				continue
			}
			read[e.Bundle] = true
			if _, err := r.bundle(ctx, e.Bundle); err != nil {
				return fmt.Errorf("%s: %w", f.Path, err)
			}
		}
	}
	return nil
}
