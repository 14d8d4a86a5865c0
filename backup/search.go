package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/emersion/go-imap/v2"
	"letterbox/message"
	"letterbox/store"
	"letterbox/store/blob"
)

// Search calls fn with the messages of a mailbox that have all the words, in any
// case: in their usual header fields or the beginning of their text or, with
// whole, anywhere in their text and the names of what is attached. That reads all
// mail of the folder from the target. A message whose body is lost is found by
// what its row tells.
func (p *Past) Search(ctx context.Context, m store.MailboxID, words []string, whole bool, fn func(*store.Row) error) error {
	columns := store.WithHeader | store.WithPreview
	if whole {
		columns |= store.WithBody | store.WithParts
	}
	lower := make([]string, len(words))
	for i, word := range words {
		lower[i] = strings.ToLower(word)
	}
	return p.Store.Rows(ctx, m, imap.UIDSet{{Start: 1}}, columns, func(row *store.Row) error {
		text := briefText(row)
		if whole && !hasAll(text, lower) {
			body, err := p.bodyText(ctx, row)
			if err != nil {
				return fmt.Errorf("search the message with uid %d: %w", row.UID, err)
			}
			text += "\n" + body
		}
		if !hasAll(text, lower) {
			return nil
		}
		return fn(row)
	})
}

// briefText is what the row alone tells, in lower case.
func briefText(row *store.Row) string {
	header := message.ParseHeader(row.Header)
	text := header.Subject
	for _, a := range header.From {
		text += "\n" + a.Name
	}
	return strings.ToLower(text + "\n" + string(row.Header) + "\n" + row.Preview)
}

// bodyText is the text of a message, in lower case; "" of one that is lost.
func (p *Past) bodyText(ctx context.Context, row *store.Row) (string, error) {
	raw, err := p.read(ctx, row)
	if errors.As(err, new(*blob.CorruptError)) || row.Parts == nil {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var text bytes.Buffer
	if err := message.WriteText(&text, raw, row.Parts, false); err != nil {
		return "", err
	}
	return strings.ToLower(text.String()), nil
}

func hasAll(text string, words []string) bool {
	for _, word := range words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}
