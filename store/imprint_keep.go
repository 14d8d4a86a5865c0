package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/emersion/go-imap/v2"
)

// Reading a mailbox row by row takes 0.4 us a message. What a view holds is
// therefore kept in the database as well, as an imprint: with the modseq up to
// which every change is in it, when a view has changed much, when it is dropped,
// and when the store closes. An imprint is written in a transaction of its own
// and only ever a hint: what is missing, damaged or too old to be brought up to
// date is passed over, and the rows are read.

// imprintFrom is from how many messages on a mailbox is worth an imprint.
const imprintFrom = 500

// fromImprint takes what it can from the imprint of the mailbox whose row was
// read; false when the rows have to be read.
func (p *picture) fromImprint(q querier) (bool, error) {
	var packed []byte
	err := q.QueryRow(`SELECT modseq, packed FROM imprint WHERE mailbox = ?`, int64(p.row.ID)).Scan(&p.kept, &packed)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if p.kept > p.row.ModSeq || p.kept < p.row.flagsAt || p.kept < p.row.historyFrom {
		return false, nil // flags were changed since, or expunges forgotten
	}
	if p.unpack(packed, int(p.row.UIDNext)) != nil {
		return false, nil
	}
	if p.kept == p.row.ModSeq {
		return len(p.uids) == int(p.row.Messages), nil
	}
	return p.catchUp(q)
}

// catchUp adds to what an imprint holds what has arrived since, and takes out what
// has gone.
func (p *picture) catchUp(q querier) (bool, error) {
	gone, err := queryAll(q, scanID, `SELECT uid FROM expunged WHERE mailbox = ? AND modseq > ? ORDER BY uid`,
		int64(p.row.ID), int64(p.kept))
	if err != nil {
		return false, err
	}
	p.without(gone)
	from := imap.UID(1)
	if n := len(p.uids); n > 0 {
		from = p.uids[n-1] + 1
	}
	if err := p.readFrom(q, from); err != nil {
		return false, err
	}
	return len(p.uids) == int(p.row.Messages), nil
}

// without takes out the uids (ascending) that are there.
func (p *picture) without(gone []int64) {
	kept := 0
	for i, uid := range p.uids {
		for len(gone) > 0 && gone[0] < int64(uid) {
			gone = gone[1:]
		}
		if len(gone) > 0 && gone[0] == int64(uid) {
			continue
		}
		p.uids[kept], p.flags[kept], p.modseqs[kept] = uid, p.flags[i], p.modseqs[i]
		kept++
	}
	p.uids, p.flags, p.modseqs = p.uids[:kept], p.flags[:kept], p.modseqs[:kept]
}

// An imprint is to be written.
type imprint struct {
	view    *View
	mailbox MailboxID
	modseq  ModSeq
	packed  []byte
}

// imprint takes one if the view has changed since the last; with much only if it
// has changed so much that reading it again would be worth the writing.
func (v *View) imprint(much bool) (imprint, bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	n, worth := len(v.uids), v.store.views.worth
	switch {
	case !v.ready || v.gone || worth == 0 || n < worth || v.row.ModSeq == v.kept:
		return imprint{}, false
	case much && v.kept > 0 && v.changes < n/8:
		return imprint{}, false
	}
	p := picture{uids: v.uids, flags: v.flags, modseqs: v.modseqs}
	return imprint{v, v.id, v.row.ModSeq, p.pack()}, true
}

// was notes that an imprint is in the database.
func (v *View) was(kept ModSeq) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.kept, v.changes = kept, 0
}

// imprintBytes is how much one transaction writes: some milliseconds.
const imprintBytes = 1 << 20

// saveImprints writes those of the views that were dropped and of the others that
// nobody has open and that have changed much; with all, of every one that has
// changed at all.
func (s *Store) saveImprints(ctx context.Context, all bool) error {
	dropped, held := s.views.toKeep(all)
	var some []imprint
	size := 0
	flush := func() error {
		err := s.writeImprints(ctx, some)
		some, size = nil, 0
		return err
	}
	for i, v := range append(dropped, held...) {
		one, worth := v.imprint(!all && i >= len(dropped))
		if !worth {
			continue
		}
		some = append(some, one)
		if size += len(one.packed); size >= imprintBytes {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// writeImprints writes some, unless there are newer ones or the mailbox is gone.
func (s *Store) writeImprints(ctx context.Context, some []imprint) error {
	if len(some) == 0 {
		return nil
	}
	err := s.write(ctx, func(j *job) error {
		for _, one := range some {
			_, err := j.tx.Exec(`
				INSERT INTO imprint (mailbox, modseq, packed) SELECT id, ?2, ?3 FROM mailbox WHERE id = ?1 AND account IS NOT NULL
				ON CONFLICT (mailbox) DO UPDATE SET modseq = excluded.modseq, packed = excluded.packed WHERE excluded.modseq > modseq`,
				int64(one.mailbox), int64(one.modseq), one.packed)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep imprints of %d views: %w", len(some), err)
	}
	for _, one := range some {
		one.view.was(one.modseq)
	}
	return nil
}
