package imapd

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"syscall"

	"github.com/emersion/go-imap/v2"
	"letterbox/directory"
	"letterbox/imapd/wire"
	"letterbox/quota"
	"letterbox/store"
)

// A reply is a tagged reply. As an error it ends a command with NO or BAD.
type reply struct {
	kind imap.StatusResponseType
	code wire.Code
	text string
}

func (r *reply) Error() string { return string(r.kind) + " " + r.text }

// no refuses a command that is well formed.
func no(code imap.ResponseCode, format string, args ...any) error {
	return &reply{imap.StatusResponseTypeNo, wire.Code(code), fmt.Sprintf(format, args...)}
}

// bad refuses a command that is a mistake of the client.
func bad(format string, args ...any) error {
	return &reply{imap.StatusResponseTypeBad, "", fmt.Sprintf(format, args...)}
}

// replyTo turns the outcome of a command into its tagged reply: the one place
// that does. What it does not know is logged under an id, and the client is
// told the id alone.
func (s *session) replyTo(ctx context.Context, c *call, err error) *reply {
	if err == nil {
		text := c.text
		if text == "" {
			text = c.fullName() + " completed"
		}
		return &reply{imap.StatusResponseTypeOK, c.code, text}
	}
	if r := known(c, err); r != nil {
		return r
	}
	id := rand.Text()[:8]
	s.log.ErrorContext(ctx, "command failed", "command", c.fullName(), "error", err, "id", id)
	if errors.Is(err, store.ErrFull) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return &reply{imap.StatusResponseTypeNo, wire.Code(imap.ResponseCodeUnavailable), "the server's disk is full; nothing was changed"}
	}
	return &reply{imap.StatusResponseTypeNo, wire.Code(imap.ResponseCodeServerBug), "internal error " + id + "; the server's log has the details"}
}

// known maps the errors with a meaning of their own to replies (RFC 5530), or
// returns nil.
func known(c *call, err error) *reply {
	var (
		own       *reply
		syntax    *wire.SyntaxError
		limit     *wire.LimitError
		over      *quota.OverError
		throttled *directory.ThrottledError
	)
	replyNo := func(code imap.ResponseCode) *reply {
		return &reply{imap.StatusResponseTypeNo, wire.Code(code), err.Error()}
	}
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &syntax), errors.As(err, &limit), errors.Is(err, directory.ErrBadResponse):
		return &reply{imap.StatusResponseTypeBad, "", err.Error()}
	case errors.Is(err, store.ErrNotFound):
		return replyNo(missing(c))
	case errors.Is(err, store.ErrExists):
		return replyNo(imap.ResponseCodeAlreadyExists)
	case errors.Is(err, store.ErrBadName), errors.Is(err, store.ErrInbox), errors.Is(err, store.ErrUnlimited):
		return replyNo(imap.ResponseCodeCannot)
	case errors.Is(err, store.ErrHasChildren):
		return replyNo(imap.ResponseCodeHasChildren)
	case errors.Is(err, store.ErrSpecialUse):
		return replyNo("USEATTR") // RFC 6154 section 3
	case errors.Is(err, store.ErrNoMessage):
		return replyNo("EXPUNGEISSUED")
	case errors.Is(err, store.ErrBadEntry):
		return &reply{imap.StatusResponseTypeBad, "", err.Error()}
	case errors.Is(err, store.ErrTooManyKeywords):
		return replyNo(imap.ResponseCodeLimit)
	case errors.Is(err, store.ErrTooLarge):
		return replyNo(imap.ResponseCodeTooBig) // RFC 7889 section 4
	case errors.As(err, &over):
		return replyNo(imap.ResponseCodeOverQuota)
	case errors.Is(err, directory.ErrBadCredentials):
		return replyNo(imap.ResponseCodeAuthenticationFailed)
	case errors.As(err, &throttled):
		// Nothing was said about the password: clients should try again later,
		// not ask for another one.
		return replyNo(imap.ResponseCodeUnavailable)
	case errors.Is(err, directory.ErrSecondFactor), errors.Is(err, directory.ErrScope):
		return replyNo(imap.ResponseCodeAuthenticationFailed) // they should ask for another one
	case errors.Is(err, directory.ErrDisabled):
		return replyNo(imap.ResponseCodeContactAdmin)
	case errors.Is(err, context.Canceled):
		return &reply{imap.StatusResponseTypeNo, wire.Code(imap.ResponseCodeUnavailable), errStopping.Error()}
	}
	return nil
}

// missing is the code for a mailbox that does not exist: where the command would
// put something in, the client may create it (RFC 9051 section 7.1, TRYCREATE).
func missing(c *call) imap.ResponseCode {
	switch c.name {
	case "APPEND", "COPY", "MOVE", "REPLACE":
		return imap.ResponseCodeTryCreate
	}
	return imap.ResponseCodeNonExistent
}
