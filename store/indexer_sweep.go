package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"letterbox/database"
	"letterbox/store/index"
)

// sweep takes out of the indexes what a crash has left in them: messages and
// mailboxes that are gone. They would be found by nobody, but should not be kept.
func (x *indexer) sweep(ctx context.Context) error {
	accounts, err := x.store.accountIDs(ctx)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		err := x.sweepAccount(ctx, a)
		if err != nil && !errors.Is(err, index.ErrDamaged) {
			return fmt.Errorf("search index of account %d: %w", a, err)
		}
	}
	return nil
}

func (x *indexer) sweepAccount(ctx context.Context, a AccountID) error {
	x.turn.Lock()
	defer x.turn.Unlock()
	if !x.exists(a) {
		return nil
	}
	boxes, _, err := x.store.mailboxEnds(ctx, a)
	if err != nil {
		return err
	}
	return x.store.useIndex(ctx, a, func(ix *index.Index) error {
		positions, err := ix.Positions(ctx)
		if err != nil {
			return err
		}
		for _, box := range boxes {
			delete(positions, int64(box.id))
		}
		var mailboxes []int64
		for id := range positions {
			mailboxes = append(mailboxes, id)
		}
		if err := ix.Forget(ctx, mailboxes); err != nil {
			return err
		}
		for some := range slices.Chunk(ix.IDs(), chunkRows) {
			gone, err := x.store.missing(ctx, some)
			if err != nil {
				return err
			}
			if err := ix.Remove(ctx, gone); err != nil {
				return err
			}
		}
		return nil
	})
}

// missing returns those of the messages that do not exist.
func (s *Store) missing(ctx context.Context, ids []int64) (gone []int64, err error) {
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	err = s.db.Read(ctx, func(c *database.Conn) error {
		gone, err = queryAll(c, scanID, `SELECT value FROM json_each(?) WHERE value NOT IN (SELECT id FROM message)`, string(list))
		return err
	})
	return gone, err
}
