package imapd

import (
	"context"
	"errors"
	"io"
	"log/slog"

	"letterbox/message"
	"letterbox/store"
)

// scope is what of a message a text is looked for in.
type scope uint8

const (
	wholeText scope = iota // TEXT
	bodyText               // BODY
	scopes
)

// needles are the folded texts that a query looks for, by scope.
type needles [scopes][][]byte

// searchText reads what a search cannot judge by rows: the message at hand, at
// most once, and for all needles of a scope together. A message that cannot be
// read is logged and contains nothing: the others are worth finding.
type searchText struct {
	store   *store.Store
	log     *slog.Logger
	finders [scopes]*finder

	ctx     context.Context
	raw     []byte // of the message at hand; empty while it was not read
	prefix  int64
	scanned [scopes]bool
}

func newSearchText(s *session, n needles) *searchText {
	t := &searchText{store: s.srv.cfg.Store, log: s.log}
	for in := range n {
		t.finders[in] = newFinder(n[in])
	}
	return t
}

// keepBuffer is the size up to which the buffer for a message is kept for the
// next.
const keepBuffer = 1 << 20

// begin turns to the next message.
func (t *searchText) begin(ctx context.Context) {
	t.ctx, t.raw = ctx, t.raw[:0]
	if cap(t.raw) > keepBuffer {
		t.raw = nil
	}
	t.scanned = [scopes]bool{}
}

// header returns the message's header in full.
func (t *searchText) header(row *store.Row) []byte {
	if len(t.raw) == 0 {
		t.read(row, false)
	}
	return t.raw[:min(t.prefix+row.Parts.Body, int64(len(t.raw)))]
}

// contains reports whether the message has the key's text.
func (t *searchText) contains(row *store.Row, k textKey) bool {
	if !t.scanned[k.in] {
		t.scanned[k.in] = true
		if int64(len(t.raw)) < row.Size {
			t.read(row, true)
		}
		t.scan(row, k.in)
	}
	return t.finders[k.in].found[k.needle]
}

// read loads the message, or no more than its header.
func (t *searchText) read(row *store.Row, all bool) {
	body, err := t.store.OpenRow(t.ctx, row)
	if err == nil {
		defer body.Close()
		size := body.Size()
		if t.prefix = body.PrefixLen(); !all {
			size = min(size, t.prefix+row.Parts.Body)
		}
		t.raw = append(t.raw[:0], make([]byte, size)...)
		err = readFull(body, t.raw, 0)
	}
	if err != nil {
		t.raw = t.raw[:0]
		t.complain(row, err)
	}
}

// scan looks for the needles of a scope in the message.
func (t *searchText) scan(row *store.Row, in scope) {
	f := t.finders[in]
	f.reset()
	if int64(len(t.raw)) < t.prefix+row.Parts.End {
		return // it could not be read
	}
	err := writeScope(f, t.raw[:t.prefix], t.raw[t.prefix:], row.Parts, in)
	if err == nil {
		err = f.finish()
	}
	if err != nil && !errors.Is(err, errEnough) {
		t.complain(row, err)
	}
}

// writeScope writes the text of a scope. Nothing that can be looked for holds
// the NUL between header and body: the search index keeps them apart.
func writeScope(f io.Writer, prefix, raw []byte, parts *message.Part, in scope) error {
	if in == wholeText {
		for _, header := range [][]byte{prefix, raw[:parts.Body]} {
			if err := message.WriteHeaderText(f, header); err != nil {
				return err
			}
		}
		if _, err := f.Write([]byte{0}); err != nil {
			return err
		}
	}
	return message.WriteText(f, raw, parts, true)
}

func (t *searchText) complain(row *store.Row, err error) {
	if t.ctx.Err() == nil && !errors.Is(err, store.ErrNoMessage) {
		t.log.Error("message cannot be searched", "uid", row.UID, "error", err)
	}
}
