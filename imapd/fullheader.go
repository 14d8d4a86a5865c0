package imapd

import (
	"context"

	"github.com/emersion/go-imap/v2"
	"letterbox/store"
)

// completeHeader gives a row that was read WithHeader its header from the body,
// where that was too long to be kept in the row.
func (s *session) completeHeader(ctx context.Context, row *store.Row, cols store.Columns) error {
	if cols&store.WithHeader == 0 || len(row.Header) > 0 {
		return nil
	}
	uid := imap.UIDSetNum(row.UID)
	return s.srv.cfg.Store.Rows(ctx, s.sel.id, uid, store.WithParts|store.WithBody, func(full *store.Row) error {
		body, err := s.srv.cfg.Store.OpenRow(ctx, full)
		if err != nil {
			return err
		}
		defer body.Close()
		row.Header = make([]byte, body.PrefixLen()+full.Parts.Body)
		return readFull(body, row.Header, 0)
	})
}
