package smtpd

import (
	"context"
	"crypto/rand"
	"errors"
	"syscall"

	"letterbox/delivery"
	"letterbox/directory"
	"letterbox/feedback"
	"letterbox/junk"
	"letterbox/queue"
	"letterbox/quota"
	"letterbox/store"
)

// replyTo turns the outcome of a command into its reply: the one place that does.
// What it does not know is logged under an id, and the client is told the id
// alone, and to try again: no mail is lost over a fault of ours.
func (s *session) replyTo(ctx context.Context, verb string, err error) *reply {
	if r := known(err); r != nil {
		return r
	}
	id := rand.Text()[:8]
	s.log.ErrorContext(ctx, "command failed", "command", verb, "error", err, "id", id)
	return say(451, "4.3.0", "internal error "+id+"; the server's log has the details; try again later")
}

// Enhanced codes of refused recipients (RFC 3463).
const (
	unknownRecipient = "5.1.1"
	notOurs          = "5.7.1"
)

// known maps the errors with a meaning of their own to replies (RFC 3463, RFC
// 5248), or returns nil.
func known(err error) *reply {
	var (
		own       *reply
		over      *quota.OverError
		throttled *directory.ThrottledError
		limit     *queue.LimitError
		refused   *junk.RefusedError
		noReport  *feedback.RefusedError
		off       *directory.SwitchedOffError
	)
	switch {
	case errors.As(err, &own):
		return own
	case errors.Is(err, directory.ErrNotOurs):
		return say(550, notOurs, "this server takes no mail for that domain from here; users sign in on the submission port to write elsewhere")
	case errors.Is(err, directory.ErrNoSuchUser):
		return say(550, unknownRecipient, "nobody here has that address; check its spelling")
	case errors.As(err, &off):
		return say(550, "5.2.1", "this address was switched off by its owner, who wants no mail to it any more; remove it from your lists")
	case errors.Is(err, directory.ErrBadAddress):
		return say(553, "5.1.3", err.Error())
	case errors.As(err, &over) && over.Lasting:
		return say(552, "5.2.2", "the recipient's mailbox has no room for this message; trying again is no use")
	case errors.As(err, &over):
		return say(452, "4.2.2", "the recipient's mailbox is full; try again later") // what is in it is nobody's business
	case errors.Is(err, delivery.ErrLoop):
		return say(554, "5.4.6", err.Error()+"; look for two servers or addresses that forward to each other")
	case errors.Is(err, delivery.ErrForged):
		return say(550, "5.7.1", err.Error())
	case errors.Is(err, junk.ErrGreylisted):
		return say(450, "4.7.1", err.Error())
	case errors.As(err, &refused):
		return refusal(refused)
	case errors.As(err, &noReport):
		return notTaken(noReport)
	case errors.As(err, &limit):
		return say(452, "4.7.1", err.Error()+"; try again tomorrow, or ask who runs this server")
	case errors.Is(err, queue.ErrFrozen):
		return say(550, "5.7.1", queue.ErrFrozen.Error())
	case errors.Is(err, delivery.ErrBadAuthor):
		return say(550, "5.6.0", err.Error())
	case errors.Is(err, store.ErrTooLarge):
		return say(552, "5.3.4", err.Error()+"; send less, or a link")
	case errors.Is(err, delivery.ErrFull), errors.Is(err, store.ErrFull),
		errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return say(452, "4.3.1", "the server's disk is full; nothing was accepted; try again later")
	case errors.Is(err, directory.ErrBadCredentials):
		return say(535, "5.7.8", "wrong user name or password; the user name is the whole address")
	case errors.As(err, &throttled):
		return say(454, "4.7.0", err.Error())
	case errors.Is(err, directory.ErrSecondFactor), errors.Is(err, directory.ErrScope):
		return say(535, "5.7.8", err.Error())
	case errors.Is(err, directory.ErrDisabled):
		return say(525, "5.7.13", "this account is disabled; ask who runs this server")
	case errors.Is(err, directory.ErrBadResponse):
		return say(501, "5.5.2", err.Error())
	case errors.Is(err, context.Canceled):
		return say(451, "4.3.2", "the server is shutting down; nothing was accepted; try again later")
	}
	return nil
}

// reason is a word for telemetry about why a message or recipient was refused.
func reason(err error) string {
	switch {
	case errors.Is(err, directory.ErrNotOurs):
		return "relay"
	case errors.Is(err, directory.ErrNoSuchUser):
		return "unknown_user"
	case errors.As(err, new(*directory.SwitchedOffError)):
		return "switched_off"
	case errors.As(err, new(*quota.OverError)):
		return "quota"
	case errors.Is(err, delivery.ErrLoop):
		return "loop"
	case errors.Is(err, junk.ErrGreylisted):
		return "greylisted"
	case errors.As(err, new(*junk.RefusedError)):
		return "filter"
	case errors.As(err, new(*feedback.RefusedError)):
		return "no_report"
	case errors.Is(err, store.ErrTooLarge):
		return "too_large"
	case errors.Is(err, delivery.ErrFull), errors.Is(err, syscall.ENOSPC):
		return "disk_full"
	case errors.Is(err, errBareLineEnd):
		return "bare_line_end"
	case errors.As(err, new(*reply)):
		return "policy"
	}
	return "other"
}
