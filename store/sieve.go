package store

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/emersion/go-imap/v2"
	"golang.org/x/sync/errgroup"
	"letterbox/store/index"
)

// Scope is where in a message a text is looked for.
type Scope = index.Scope

// The scopes: TEXT, the header keys, BODY.
const (
	WholeText  = index.Whole
	HeaderText = index.Header
	BodyText   = index.Body
)

// A Needle is a text to be looked for, folded by message.AppendFold. The text of
// the scope HeaderText may be only a part of what the caller looks for.
type Needle struct {
	Text []byte
	In   Scope

	// Rank, if it is there, judges texts instead: 0 is that of a text that does
	// not match. It is of no use with HeaderText.
	Rank func(text []byte) uint8
}

// Facts are what is known of a message about each of a Sieve's needles, a bit
// for each.
type Facts struct {
	Known uint64 // whether the message has it is known
	Has   uint64 // it has it
	Score uint8  // the lowest that was given to what it has
}

// MaxNeedles is how many needles a Sieve takes.
const MaxNeedles = 64

// A Sieve tells by the search index which messages of a mailbox have texts. Of
// messages that the index does not hold it knows nothing; these are to be read.
// It is right for messages that the mailbox had when it was made. It is used by
// one goroutine, but for what Read does.
type Sieve struct {
	store   *Store
	needles []Needle
	identities

	indexed    idList
	candidates []*idList // by needle: the messages that may have it; nil: nobody knows
}

// Sieve looks the needles up, at most MaxNeedles.
func (s *Store) Sieve(ctx context.Context, m MailboxID, needles []Needle) (*Sieve, error) {
	v := &Sieve{store: s, needles: needles, candidates: make([]*idList, len(needles))}
	var err error
	if v.identities, err = s.catalogs.get(m).identities(ctx, s); err != nil {
		return nil, fmt.Errorf("look texts up: %w", err)
	}
	err = s.useIndex(ctx, v.account, func(ix *index.Index) error { return v.lookUp(ctx, ix) })
	if err != nil {
		return nil, fmt.Errorf("look texts up: %w", err)
	}
	return v, nil
}

// useIndex is index.Set.Use. An index that is damaged is put on the indexer's
// list.
func (s *Store) useIndex(ctx context.Context, a AccountID, fn func(*index.Index) error) error {
	err := s.indexer.set.Use(ctx, int64(a), fn)
	if errors.Is(err, index.ErrDamaged) {
		s.indexer.again(a)
		s.indexer.wake()
	}
	return err
}

// lookUp learns of each needle which messages of the index may have it. What that
// says of the mailbox's messages is worked out as they are asked for: few answers
// make a search quick, however many messages there are.
func (v *Sieve) lookUp(ctx context.Context, ix *index.Index) error {
	if err := ofOrigin(ix, v.origin); err != nil {
		return err
	}
	v.indexed.ids = ix.IDs() // before the candidates: what comes in between is not known
	for n, needle := range v.needles {
		if needle.Rank != nil {
			continue
		}
		ids, ok, err := ix.Candidates(ctx, needle.Text, needle.In)
		if err != nil {
			return err
		}
		if ok {
			v.candidates[n] = &idList{ids: ids}
		}
	}
	return nil
}

// An idList is ascending ids of messages, to be asked for one after the other:
// they mostly ascend with the uids.
type idList struct {
	ids []int64
	at  int // where the last one was or would have been
}

func (l *idList) contains(id MessageID) bool {
	if l.at > 0 && int64(id) <= l.ids[l.at-1] {
		l.at = 0
	}
	l.at = position(l.ids, l.at, int64(id))
	return l.at < len(l.ids) && l.ids[l.at] == int64(id)
}

// byIndex is what the index says of a message without a look at its text; held is
// false when it does not hold it.
func (v *Sieve) byIndex(id MessageID) (f Facts, held bool) {
	if !v.indexed.contains(id) {
		return Facts{}, false
	}
	for n, list := range v.candidates {
		if list != nil && !list.contains(id) {
			f.Known |= 1 << n
		}
	}
	return f, true
}

// Facts appends to dst what the index says of each of the messages (ascending).
func (v *Sieve) Facts(dst []Facts, uids []imap.UID) []Facts {
	i := 0
	for _, uid := range uids {
		var f Facts
		if i = position(v.uids, i, uid); i < len(v.uids) && v.uids[i] == uid {
			f, _ = v.byIndex(v.messages[i])
		}
		dst = append(dst, f)
	}
	return dst
}

// A placed message is one of the index, what that says of it, and under which uid
// it is in the mailbox.
type placed struct {
	id    int64
	uid   imap.UID
	facts Facts
}

// textReaders is how many goroutines look into texts, of readTogether messages or
// more.
const (
	textReaders  = 2
	readTogether = 512
)

// Read looks into the texts of the messages (ascending) that the index holds
// and calls fn with all that is known then: of needles with the scope HeaderText
// no more than before. In no order, one call at a time; fn must be quick.
func (v *Sieve) Read(ctx context.Context, uids []imap.UID, fn func(imap.UID, Facts) error) error {
	places := v.places(uids)
	parts := 1
	if len(places) >= readTogether {
		parts = textReaders
	}
	var calling sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	for part := range slices.Chunk(places, max(1, (len(places)+parts-1)/parts)) {
		group.Go(func() error {
			return v.read(ctx, part, func(uid imap.UID, f Facts) error {
				calling.Lock()
				defer calling.Unlock()
				return fn(uid, f)
			})
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("read indexed texts: %w", err)
	}
	return nil
}

// places finds messages in the index, by id.
func (v *Sieve) places(uids []imap.UID) (list []placed) {
	i := 0
	for _, uid := range uids {
		if i = position(v.uids, i, uid); i == len(v.uids) || v.uids[i] != uid {
			continue
		}
		if f, held := v.byIndex(v.messages[i]); held {
			list = append(list, placed{int64(v.messages[i]), uid, f})
		}
	}
	slices.SortFunc(list, func(a, b placed) int { return cmp.Compare(a.id, b.id) })
	return list
}

func (v *Sieve) read(ctx context.Context, places []placed, fn func(imap.UID, Facts) error) error {
	ids := make([]int64, len(places))
	for i, p := range places {
		ids[i] = p.id
	}
	return v.store.useIndex(ctx, v.account, func(ix *index.Index) error {
		return ix.Texts(ctx, slices.Compact(ids), func(id int64, header, body []byte) error {
			for len(places) > 0 && places[0].id < id {
				places = places[1:] // gone meanwhile
			}
			for len(places) > 0 && places[0].id == id {
				p := places[0]
				v.look(&p.facts, header, body)
				if err := fn(p.uid, p.facts); err != nil {
					return err
				}
				places = places[1:]
			}
			return nil
		})
	})
}

// look finds out all about a message's text.
func (v *Sieve) look(f *Facts, header, body []byte) {
	for n, needle := range v.needles {
		bit := uint64(1) << n
		if needle.In == HeaderText || f.Known&bit != 0 {
			continue
		}
		f.Known |= bit
		if needle.Rank != nil {
			f.rank(bit, needle, header, body)
			continue
		}
		if bytes.Contains(body, needle.Text) || needle.In == WholeText && bytes.Contains(header, needle.Text) {
			f.Has |= bit
		}
	}
}

// rank lets a needle judge the texts itself: the better one counts.
func (f *Facts) rank(bit uint64, needle Needle, header, body []byte) {
	score := needle.Rank(body)
	if needle.In == WholeText {
		score = max(score, needle.Rank(header))
	}
	if score == 0 {
		return
	}
	if f.Score == 0 || score < f.Score {
		f.Score = score
	}
	f.Has |= bit
}
