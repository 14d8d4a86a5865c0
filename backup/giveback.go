package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"
	"letterbox/store"
)

// A Wish says what of an account is to come back.
type Wish struct {
	From   store.AccountID // in the snapshot
	To     store.AccountID // now
	Folder string          // "": all
	UIDs   imap.UIDSet     // of the folder in the snapshot; nil: all
	Beside string          // a folder to put everything under; "": into place
	Dry    bool            // only say what would be done
}

// A Returned says what came back to one folder, or would.
type Returned struct {
	Folder   string // where it goes
	Messages int64
	Bytes    int64
	Present  int64    // were not missing
	Made     bool     // the folder is new
	Lost     []string // messages that cannot be read at the target
}

// GiveBack puts messages of the snapshot into the appliance of today.
//
// Into place, what the account still has, in whichever folder, stays as it is,
// and what is missing comes back to the folder where it was. Beside, everything
// that was asked for is put under a folder of its own.
//
// A message gets its uid again where that is free, in a folder that had to be
// made anew. In one that is there it gets the next uid: RFC 9051 section 2.3.1.1
// has uids ascend in the order in which messages were added, and clients that saw
// a later uid never ask for an earlier one. A folder made anew has a UIDVALIDITY
// that was never given, so that clients mix nothing up either way.
func (p *Past) GiveBack(ctx context.Context, to *store.Store, w Wish) ([]Returned, error) {
	g := &giver{past: p, to: to, wish: w}
	boxes, err := g.folders(ctx)
	if err != nil {
		return nil, err
	}
	if w.Beside == "" {
		if g.present, err = fingerprints(ctx, to, w.To); err != nil {
			return nil, err
		}
	}
	var all []Returned
	for _, box := range boxes {
		one, err := g.folder(ctx, box)
		if one.Messages+one.Present > 0 || one.Made || len(one.Lost) > 0 {
			all = append(all, one)
		}
		if err != nil {
			return all, fmt.Errorf("give back %s: %w", box.Name, err)
		}
	}
	return all, nil
}

// giver is one run of GiveBack.
type giver struct {
	past    *Past
	to      *store.Store
	wish    Wish
	present []store.Fingerprint // what the account has; sorted
}

// folders are those of the snapshot that are wanted.
func (g *giver) folders(ctx context.Context) ([]store.Mailbox, error) {
	boxes, _, err := g.past.Store.Mailboxes(ctx, g.wish.From)
	if err != nil || g.wish.Folder == "" {
		return boxes, err
	}
	box, err := g.past.Store.Mailbox(ctx, g.wish.From, g.wish.Folder)
	if err != nil {
		return nil, fmt.Errorf("in the snapshot: %w", err)
	}
	return []store.Mailbox{*box}, nil
}

// fingerprints lists what an account has: 16 bytes a message.
func fingerprints(ctx context.Context, s *store.Store, a store.AccountID) (list []store.Fingerprint, err error) {
	boxes, _, err := s.Mailboxes(ctx, a)
	if err != nil {
		return nil, err
	}
	for _, box := range boxes {
		err := s.Rows(ctx, box.ID, all(), store.WithBody, func(row *store.Row) error {
			list = append(list, row.Fingerprint())
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(list, compareFingerprints)
	return list, nil
}

func compareFingerprints(a, b store.Fingerprint) int { return bytes.Compare(a[:], b[:]) }

func all() imap.UIDSet { return imap.UIDSet{{Start: 1, Stop: 0}} } // 1:*

// folder gives back what is wanted of one folder.
func (g *giver) folder(ctx context.Context, from store.Mailbox) (out Returned, err error) {
	out.Folder = from.Name
	if g.wish.Beside != "" {
		out.Folder = g.wish.Beside + "/" + from.Name
	}
	target, err := g.to.Mailbox(ctx, g.wish.To, out.Folder)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return out, err
	}
	wanted := from.Messages > 0 || g.wish.Beside == ""
	out.Made = target == nil && wanted
	if out.Made && !g.wish.Dry {
		if target, err = g.makeFolder(ctx, out.Folder, from); err != nil {
			return out, err
		}
	}
	if !wanted {
		return out, nil
	}
	return out, g.messages(ctx, from, target, &out)
}

// makeFolder makes a folder as it was. Its special use goes to it only if no
// other has that by now.
func (g *giver) makeFolder(ctx context.Context, name string, from store.Mailbox) (*store.Mailbox, error) {
	use := from.SpecialUse
	if g.wish.Beside != "" {
		use = ""
	}
	made, err := g.to.CreateMailbox(ctx, g.wish.To, name, use)
	if errors.Is(err, store.ErrSpecialUse) {
		made, err = g.to.CreateMailbox(ctx, g.wish.To, name, "")
	}
	if err != nil {
		return nil, err
	}
	if from.Subscribed || g.wish.Beside != "" {
		err = g.to.Subscribe(ctx, g.wish.To, name)
	}
	return made, err
}

// What one transaction gives back at most.
const (
	batchMessages = 100
	batchBytes    = 8 << 20
)

func (g *giver) messages(ctx context.Context, from store.Mailbox, target *store.Mailbox, out *Returned) error {
	view, err := g.past.Store.View(ctx, from.ID)
	if err != nil {
		return err
	}
	defer view.Close()
	uids := g.wish.UIDs
	if uids == nil {
		uids = all()
	}
	var batch store.Batch
	var size int
	flush := func() error {
		if len(batch.Messages) == 0 {
			return nil
		}
		_, err := g.to.Append(ctx, batch)
		batch.Messages, size = nil, 0
		return err
	}
	err = g.past.Store.Rows(ctx, from.ID, uids, store.WithBody, func(row *store.Row) error {
		if _, has := slices.BinarySearchFunc(g.present, row.Fingerprint(), compareFingerprints); has {
			out.Present++
			return nil
		}
		if g.wish.Dry {
			out.Messages, out.Bytes = out.Messages+1, out.Bytes+row.Size
			return nil
		}
		raw, err := g.past.read(ctx, row)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			out.Lost = append(out.Lost, fmt.Sprintf("uid %d of %s, %d bytes: %v", row.UID, from.Name, row.Size, err))
			return nil
		}
		m := store.NewMessage{Mailbox: target.ID, Raw: raw, Prefix: bytes.Clone(row.Prefix), Received: row.Received}
		if entry, ok := view.Entry(row.UID); ok {
			m.Flags = view.FlagNames(entry.Flags)
		}
		if out.Made {
			m.UID = row.UID
		}
		batch.Messages = append(batch.Messages, m)
		size += len(raw)
		out.Messages, out.Bytes = out.Messages+1, out.Bytes+row.Size
		if len(batch.Messages) < batchMessages && size < batchBytes {
			return nil
		}
		return flush()
	})
	return errors.Join(err, flush())
}

// read reads a body from the target, without the prefix.
func (p *Past) read(ctx context.Context, row *store.Row) ([]byte, error) {
	body, err := p.Store.OpenRow(ctx, row)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	var b bytes.Buffer
	if _, err := body.WriteTo(&b); err != nil {
		return nil, err
	}
	return b.Bytes()[body.PrefixLen():], nil
}

// BesideFolder is where a snapshot's mail is put beside that of today.
func BesideFolder(id ID) string { return "Restored/" + id.Time().Local().Format("2006-01-02 1504") }
