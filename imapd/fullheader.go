package imapd

import (
	"context"

	"letterbox/store"
)

// completeHeader gives a row of a mailbox that was read WithHeader its header
// from the body, where that was too long to be kept in the row.
func (s *session) completeHeader(ctx context.Context, m store.MailboxID, row *store.Row, cols store.Columns) error {
	if cols&store.WithHeader == 0 {
		return nil
	}
	return s.srv.cfg.Store.CompleteHeader(ctx, m, row)
}
