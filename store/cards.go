package store

import (
	"cmp"
	"context"
	"fmt"
	"hash/maphash"
	"math"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
	"letterbox/message"
)

// A Card is what sorting, threading and judging by date need of one message in
// a mailbox. It never changes.
type Card struct {
	UID                   imap.UID
	Message               MessageID
	Thread                int64
	Size                  int64
	Received, Sent, Saved int64 // seconds since 1970; Sent is Received without a Date
	ReceivedDay, SentDay  Day   // as the message shows them, in its own zone

	Subject, From, To, Cc, FromName, ToName Word // see message.SortFields
	Reply                                   bool

	ID         uint64   // hash of the Message-ID; 0: none
	References []uint64 // likewise, oldest first
}

// A Day counts from 1970; NoDay is that of a message without a Date.
type Day int32

// NoDay is no day.
const NoDay Day = math.MinInt32

// DayOf is the day that t shows in its own zone.
func DayOf(t time.Time) Day {
	year, month, day := t.Date()
	return Day(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))
}

// A Word is a text of a Deck; 0 is the empty one.
type Word uint32

// A Deck is the cards of a mailbox at one moment: ascending by uid, not to be
// written. Some may be of messages that are gone.
type Deck struct {
	Cards []Card
	words *words
	known int // words that there were
}

// Find returns the card of a message, nil without one; from is where to look
// first, of a walk upwards, and next for the one that follows.
func (d *Deck) Find(from int, uid imap.UID) (card *Card, next int) {
	step := 1
	for from+step <= len(d.Cards) && d.Cards[from+step-1].UID < uid {
		from += step
		step *= 2
	}
	i, found := slices.BinarySearchFunc(d.Cards[from:min(from+step, len(d.Cards))], uid,
		func(c Card, uid imap.UID) int { return cmp.Compare(c.UID, uid) })
	if !found {
		return nil, from + i
	}
	return &d.Cards[from+i], from + i
}

// Text returns the text of a word.
func (d *Deck) Text(w Word) string { return d.words.text(w) }

// Ranks returns the place of each word in the order of the texts, by Word. Words
// are many fewer than messages, and ranks are kept: sorting compares numbers.
func (d *Deck) Ranks() []uint32 { return d.words.ranks(d.known) }

// Deck returns the cards of a mailbox. What is not in memory yet is read;
// progress, if not nil, is called while that goes on, and ends it by an error.
func (s *Store) Deck(ctx context.Context, m MailboxID, progress func(done int) error) (*Deck, error) {
	c := s.catalogs.get(m)
	if err := c.lock(ctx); err != nil {
		return nil, err
	}
	defer c.unlock()
	if err := c.refresh(ctx, s); err != nil {
		return nil, err
	}
	if err := c.deal(ctx, s, progress); err != nil {
		return nil, fmt.Errorf("read what sorting needs of mailbox %d: %w", m, err)
	}
	s.catalogs.weigh(c)
	return &Deck{slices.Clip(c.cards), c.words, c.words.count()}, nil
}

// deal makes the cards that are missing; the lock is held.
func (c *catalog) deal(ctx context.Context, s *Store, progress func(done int) error) error {
	missing := c.uids
	if n := len(c.cards); n > 0 {
		missing = missing[position(missing, 0, c.cards[n-1].UID+1):]
	}
	if len(missing) == 0 {
		return nil
	}
	span := imap.UIDSet{{Start: missing[0], Stop: missing[len(missing)-1]}}
	return s.Rows(ctx, c.box, span, WithHeader|WithSaved, func(row *Row) error {
		if err := s.CompleteHeader(ctx, c.box, row); err != nil && ctx.Err() == nil {
			s.log.Error("message is sorted without its header", "mailbox", c.box, "uid", row.UID, "error", err)
		}
		c.cards = append(c.cards, c.card(row))
		if progress != nil {
			return progress(len(c.cards))
		}
		return ctx.Err()
	})
}

// CompleteHeader gives a row that was read WithHeader its header from the body,
// where that was too long to be kept in the row.
func (s *Store) CompleteHeader(ctx context.Context, m MailboxID, row *Row) error {
	if len(row.Header) > 0 {
		return nil
	}
	return s.Rows(ctx, m, imap.UIDSetNum(row.UID), WithParts|WithBody, func(full *Row) error {
		body, err := s.OpenRow(ctx, full)
		if err != nil {
			return err
		}
		defer body.Close()
		header := make([]byte, min(body.PrefixLen()+full.Parts.Body, body.Size()))
		if n, err := body.ReadAt(header, 0); n < len(header) {
			return err
		}
		row.Header = header
		return nil
	})
}

// idSeed makes hashes of Message-IDs that no sender can foresee.
var idSeed = maphash.MakeSeed()

func hashID(id string) uint64 {
	if id == "" {
		return 0
	}
	return maphash.String(idSeed, id) | 1
}

func (c *catalog) card(row *Row) Card {
	f := message.ReadSortFields(row.Header)
	card := Card{
		UID: row.UID, Message: row.Message, Thread: row.Thread, Size: row.Size,
		Received: row.Received.Unix(), Sent: row.Received.Unix(), Saved: row.Saved.Unix(),
		ReceivedDay: DayOf(row.Received), SentDay: NoDay,
		Subject: c.words.add(f.Subject), From: c.words.add(f.From), To: c.words.add(f.To), Cc: c.words.add(f.Cc),
		FromName: c.words.add(f.FromName), ToName: c.words.add(f.ToName),
		Reply: f.Reply, ID: hashID(f.MessageID),
	}
	if !f.Date.IsZero() {
		card.Sent, card.SentDay = f.Date.Unix(), DayOf(f.Date)
	}
	for _, ref := range f.References {
		card.References = append(card.References, hashID(ref))
	}
	return card
}

// entryCount returns how many messages a mailbox has.
func (c *catalog) entryCount(conn *database.Conn) (int, error) {
	row, err := readMailbox(conn, c.box)
	if err != nil {
		return 0, err
	}
	c.account = row.Account
	c.origin, err = readOrigin(conn, row.Account)
	return int(row.Messages), err
}
