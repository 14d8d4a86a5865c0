package imapd

import (
	"context"
	"strconv"

	"letterbox/store"
)

// appendLimit is the largest message that a mailbox takes from clients (RFC
// 7889): the server's limit, or a smaller one of its own.
func (srv *Server) appendLimit(m *store.Mailbox) int64 {
	if m.AppendLimit > 0 {
		return min(m.AppendLimit, srv.cfg.AppendLimit)
	}
	return srv.cfg.AppendLimit
}

// appendLimitCapability has the number where it is the same for all mailboxes
// (RFC 7889 section 2); else clients have to ask for each.
func (s *session) appendLimitCapability() string {
	if s.ownLimits {
		return "APPENDLIMIT"
	}
	return "APPENDLIMIT=" + strconv.FormatInt(s.srv.cfg.AppendLimit, 10)
}

// learnLimits finds out, at sign-in, whether any mailbox has a limit of its own.
func (s *session) learnLimits(ctx context.Context) (err error) {
	s.ownLimits, err = s.srv.cfg.Store.HasAppendLimits(ctx, s.account())
	return err
}
