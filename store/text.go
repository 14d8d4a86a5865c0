package store

import (
	"context"
	"errors"
	"unicode/utf8"

	"letterbox/message"
	"letterbox/store/index"
)

// errLongText says that a message has more text than the index takes.
var errLongText = errors.New("text is too long to be indexed")

// foldedText returns what SEARCH looks at in a message that was read WithParts
// and WithBody, folded.
func (s *Store) foldedText(ctx context.Context, row *Row) (header, body []byte, err error) {
	b, err := s.OpenRow(ctx, row)
	if err != nil {
		return nil, nil, err
	}
	defer b.Close()
	raw := make([]byte, b.Size())
	if n, err := b.ReadAt(raw, 0); n < len(raw) {
		return nil, nil, err
	}
	prefix, raw := raw[:b.PrefixLen()], raw[b.PrefixLen():]
	if row.Parts.End > int64(len(raw)) {
		return nil, nil, errors.New("structure does not belong to the body")
	}
	var head, rest folding
	if err := errors.Join(
		message.WriteHeaderText(&head, prefix),
		message.WriteHeaderText(&head, raw[:row.Parts.Body]),
		message.WriteText(&rest, raw, row.Parts, true),
	); err != nil {
		return nil, nil, err
	}
	return head.finish(), rest.finish(), nil
}

// A folding folds what is written to it.
type folding struct{ raw, folded []byte }

// foldPiece is how much text is folded at once.
const foldPiece = 32 << 10

// Write fails with errLongText when it becomes too much.
func (f *folding) Write(p []byte) (int, error) {
	f.raw = append(f.raw, p...)
	if len(f.raw) >= foldPiece {
		// message.AppendFold wants pieces to end before an ASCII character.
		cut := len(f.raw) - 1
		for cut > 0 && f.raw[cut] >= utf8.RuneSelf {
			cut--
		}
		f.fold(cut)
	}
	if len(f.folded)+len(f.raw) > index.MaxText {
		return 0, errLongText
	}
	return len(p), nil
}

func (f *folding) fold(n int) {
	f.folded = message.AppendFold(f.folded, f.raw[:n])
	f.raw = append(f.raw[:0], f.raw[n:]...)
}

func (f *folding) finish() []byte {
	f.fold(len(f.raw))
	return f.folded
}
