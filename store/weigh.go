package store

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/message"
)

// Weights say what makes an account heavy, each list with the heaviest first. A
// message in several mailboxes counts in each, as it does for the quota.
type Weights struct {
	Folders     []Weight
	Senders     []Weight // addresses
	Attachments []Weight // by type
	Messages    []Heavy  // the largest
	Duplicates  []Weight // attachments by name that are there several times: what all but one of each take
	Recent      []Weight // senders of what came since the time that was asked for
}

// A Weight is what something takes.
type Weight struct {
	Name     string
	Messages int64 // or attachments
	Bytes    int64
}

// A Heavy message.
type Heavy struct {
	Mailbox  string
	UID      imap.UID
	Size     int64
	Received time.Time
	Sender   string
	Header   []byte // the usual fields
}

// maxWeights is how long each list is.
const maxWeights = 20

// maxNames bounds the names that are counted at once: a million senders are not
// to be a million rows in memory.
const maxNames = 100_000

// Weigh goes through all messages of an account. It reads rows alone, no body.
func (s *Store) Weigh(ctx context.Context, a AccountID, recent time.Time) (Weights, error) {
	boxes, _, err := s.Mailboxes(ctx, a)
	if err != nil {
		return Weights{}, err
	}
	w := weighing{
		recent: recent, senders: scale{}, came: scale{}, types: scale{}, duplicates: scale{}, folders: scale{}, seen: map[copyOf]bool{},
	}
	for _, box := range boxes {
		w.folders.add(box.Name, int64(box.Messages), box.Bytes)
		err := s.Rows(ctx, box.ID, allUIDs(), WithHeader|WithParts, func(r *Row) error {
			w.row(box.Name, r)
			return nil
		})
		if err != nil {
			return Weights{}, fmt.Errorf("weigh account %d: %w", a, err)
		}
	}
	return Weights{
		Folders: w.folders.heaviest(), Senders: w.senders.heaviest(), Attachments: w.types.heaviest(),
		Messages: w.heavy, Duplicates: w.duplicates.heaviest(), Recent: w.came.heaviest(),
	}, nil
}

// A weighing is under way.
type weighing struct {
	recent                                    time.Time
	folders, senders, came, types, duplicates scale
	heavy                                     []Heavy
	seen                                      map[copyOf]bool
}

// copyOf tells attachments apart: two of one name and length are taken for the
// same.
type copyOf struct {
	name string
	size int64
}

func (w *weighing) row(mailbox string, r *Row) {
	sender := senderOf(r.Header)
	w.senders.add(sender, 1, r.Size)
	if r.Received.After(w.recent) {
		w.came.add(sender, 1, r.Size)
	}
	if r.Parts != nil {
		w.part(r.Parts)
	}
	if len(w.heavy) == maxWeights && r.Size <= w.heavy[maxWeights-1].Size {
		return
	}
	h := Heavy{mailbox, r.UID, r.Size, r.Received, sender, slices.Clone(r.Header)}
	i, _ := slices.BinarySearchFunc(w.heavy, h, func(a, b Heavy) int { return cmp.Compare(b.Size, a.Size) })
	w.heavy = slices.Insert(w.heavy, i, h)
	w.heavy = w.heavy[:min(len(w.heavy), maxWeights)]
}

// part counts what hangs on a message.
func (w *weighing) part(p *message.Part) {
	for i := range p.Children {
		w.part(&p.Children[i])
	}
	if p.Kind != message.Leaf || p.Filename == "" && !p.Attachment {
		return
	}
	size := p.End - p.Body
	w.types.add(p.Type, 1, size)
	key := copyOf{p.Filename, size}
	if w.seen[key] && p.Filename != "" {
		w.duplicates.add(p.Filename, 1, size)
	} else if len(w.seen) < maxNames {
		w.seen[key] = true
	}
}

// senderOf is the address of the author; "" for none.
func senderOf(header []byte) string {
	parsed := message.ParseHeader(header)
	if len(parsed.From) == 0 {
		return ""
	}
	return strings.ToLower(parsed.From[0].Local + "@" + parsed.From[0].Domain)
}

// A scale adds up by name.
type scale map[string]Weight

func (s scale) add(name string, messages, bytes int64) {
	w, known := s[name]
	if !known && len(s) >= maxNames {
		return
	}
	s[name] = Weight{name, w.Messages + messages, w.Bytes + bytes}
}

func (s scale) heaviest() []Weight {
	all := slices.SortedFunc(maps.Values(s), func(a, b Weight) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), strings.Compare(a.Name, b.Name))
	})
	all = slices.DeleteFunc(all, func(w Weight) bool { return w.Bytes == 0 })
	return slices.Clone(all[:min(len(all), maxWeights)])
}
