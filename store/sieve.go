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

	indexed []int64
	facts   []Facts // parallel to uids
}

// Sieve looks the needles up, at most MaxNeedles.
func (s *Store) Sieve(ctx context.Context, m MailboxID, needles []Needle) (*Sieve, error) {
	v := &Sieve{store: s, needles: needles}
	var err error
	if v.identities, err = s.catalogs.get(m).identities(ctx, s); err != nil {
		return nil, fmt.Errorf("look texts up: %w", err)
	}
	v.facts = make([]Facts, len(v.uids))
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

// lookUp learns of each needle which messages of the index cannot have it.
func (v *Sieve) lookUp(ctx context.Context, ix *index.Index) error {
	if err := ofOrigin(ix, v.origin); err != nil {
		return err
	}
	v.indexed = ix.IDs() // before the candidates: what comes in between is not known
	for n, needle := range v.needles {
		if needle.Rank != nil {
			continue
		}
		ids, ok, err := ix.Candidates(ctx, needle.Text, needle.In)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		for i, id := range v.messages {
			if v.holds(id) && !contains(ids, int64(id)) {
				v.facts[i].Known |= 1 << n
			}
		}
	}
	return nil
}

func (v *Sieve) holds(id MessageID) bool { return contains(v.indexed, int64(id)) }

func contains(ascending []int64, n int64) bool {
	_, found := slices.BinarySearch(ascending, n)
	return found
}

// Facts appends to dst what is known of each of the messages (ascending).
func (v *Sieve) Facts(dst []Facts, uids []imap.UID) []Facts {
	i := 0
	for _, uid := range uids {
		var f Facts
		if i = position(v.uids, i, uid); i < len(v.uids) && v.uids[i] == uid {
			f = v.facts[i]
		}
		dst = append(dst, f)
	}
	return dst
}

// A placed message is one of the index and where it stands in a Sieve.
type placed struct {
	id int64
	at int // in uids and facts
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
		if i = position(v.uids, i, uid); i < len(v.uids) && v.uids[i] == uid && v.holds(v.messages[i]) {
			list = append(list, placed{int64(v.messages[i]), i})
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
				at := places[0].at
				v.look(&v.facts[at], header, body)
				if err := fn(v.uids[at], v.facts[at]); err != nil {
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
