package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"letterbox/database"
)

// A ForwardRequest asks whoever reads the mail of an address whether a user's mail may
// be passed on to them. A link with a token, mailed there, proves who agrees.
type ForwardRequest struct {
	User   string // the address of who asks
	Target string // the address that is asked
	Keep   bool   // a copy is to stay with the user, if this is their first target
	Asked  time.Time
}

// ForwardRequestTime is how long a request can be agreed to.
const ForwardRequestTime = 3 * 24 * time.Hour

// maxForwardRequests is how many addresses a user may ask within that time, each once:
// nobody is to be flooded with questions.
const maxForwardRequests = 10

var (
	// ErrBadForward is a link that was used, is too old, or never was one.
	ErrBadForward = errors.New("this link was used already or is too old")

	// ErrAsked says that an address was asked not long ago.
	ErrAsked = errors.New("this address was asked already within the last days")
)

// Until is when the request can be agreed to no longer.
func (r ForwardRequest) Until() time.Time { return r.Asked.Add(ForwardRequestTime) }

// MayAskForward reads the address that a user wishes to ask. ErrBadAddress,
// ErrNoSuchUser for one of ours that leads nowhere, ErrLoop for their own, ErrExists
// for one to which their mail goes already, ErrAsked, ErrTooMany.
func (d *Directory) MayAskForward(ctx context.Context, userID int64, target string) (to Address, err error) {
	err = d.db.Read(ctx, func(c *database.Conn) error {
		to, err = d.mayAskForward(c, userID, target)
		return err
	})
	return to, err
}

func (d *Directory) mayAskForward(q querier, userID int64, target string) (Address, error) {
	to, err := d.forwardTarget(q, userID, target)
	if err != nil {
		return to, err
	}
	before, err := forwardsOf(q, userID)
	if err != nil {
		return to, err
	}
	asked, err := d.forwardRequests(q, userID)
	if err != nil {
		return to, err
	}
	sameRequest := func(r ForwardRequest) bool { return strings.EqualFold(r.Target, to.String()) }
	switch {
	case slices.Contains(before.Targets, to.String()):
		return to, fmt.Errorf("forward to %s: %w: mail goes there already", to, ErrExists)
	case slices.ContainsFunc(asked, sameRequest):
		return to, fmt.Errorf("forward to %s: %w", to, ErrAsked)
	case len(asked) >= maxForwardRequests, len(before.Targets) >= maxForwards:
		return to, fmt.Errorf("forward to %s: %w: %d addresses may be asked within %s, and mail go to %d", to, ErrTooMany,
			maxForwardRequests, ForwardRequestTime, maxForwards)
	}
	return to, nil
}

// forwardRequests lists those of a user that are not too old, also the answered ones.
func (d *Directory) forwardRequests(q querier, userID int64) ([]ForwardRequest, error) {
	rows, err := q.Query(`SELECT `+forwardRequestColumns+` WHERE r.user = ? AND r.asked_at > ? ORDER BY r.target`, userID, d.askedAfter())
	if err != nil {
		return nil, fmt.Errorf("look up whom user %d asked: %w", userID, err)
	}
	return collect(rows, scanForwardRequest)
}

const forwardRequestColumns = `u.localpart, d.name, r.target, r.keep, r.asked_at
	FROM forward_request r JOIN user u ON u.id = r.user JOIN domain d ON d.id = u.domain`

func scanForwardRequest(row scanner) (r ForwardRequest, err error) {
	var a Address
	var asked int64
	err = row.Scan(&a.Local, &a.Domain, &r.Target, &r.Keep, &asked)
	r.User, r.Asked = a.String(), time.Unix(asked, 0)
	return r, err
}

// askedAfter is when requests were made that can be agreed to still.
func (d *Directory) askedAfter() int64 { return d.now().Add(-ForwardRequestTime).Unix() }

// AskForward returns what notes, within the transaction that mails the link, that the
// address was asked, and forgets requests that are too old. The errors of MayAskForward.
func (d *Directory) AskForward(ctx context.Context, userID int64, target string, keep bool, token string) func(*database.Tx) error {
	return func(tx *database.Tx) error {
		if _, err := tx.Exec(`DELETE FROM forward_request WHERE asked_at <= ?`, d.askedAfter()); err != nil {
			return fmt.Errorf("forget old requests to forward: %w", err)
		}
		to, err := d.mayAskForward(tx, userID, target)
		if err != nil {
			return err
		}
		user, err := userByID(tx, userID)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO forward_request (user, target, keep, hash, asked_at) VALUES (?, ?, ?, ?, ?)`,
			userID, to.String(), keep, d.hashForward(token), d.now().Unix())
		if err != nil {
			return fmt.Errorf("note that %s is asked: %w", to, err)
		}
		return d.audit(ctx, tx, Event{Action: "forward.ask", Subject: user.Address, Detail: to.String()})
	}
}

// hashForward is what is kept of a token.
func (d *Directory) hashForward(token string) []byte { return d.hashSecret("forward", 0, token) }

// ForwardRequests lists whom a user asked who have not answered yet.
func (d *Directory) ForwardRequests(ctx context.Context, userID int64) (list []ForwardRequest, err error) {
	err = d.db.Read(ctx, func(c *database.Conn) error {
		rows, err := c.Query(`SELECT `+forwardRequestColumns+` WHERE r.user = ? AND r.hash IS NOT NULL AND r.asked_at > ? ORDER BY r.target`,
			userID, d.askedAfter())
		if err != nil {
			return err
		}
		list, err = collect(rows, scanForwardRequest)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list requests to forward: %w", err)
	}
	return list, nil
}

// ForwardRequest is the one that a token is for; ErrBadForward, ErrDisabled for a user
// who is locked out.
func (d *Directory) ForwardRequest(ctx context.Context, token string) (r *ForwardRequest, err error) {
	err = d.db.Read(ctx, func(c *database.Conn) error {
		r, _, err = d.forwardRequest(c, token)
		return err
	})
	return r, err
}

func (d *Directory) forwardRequest(q querier, token string) (*ForwardRequest, *User, error) {
	r, err := scanForwardRequest(q.QueryRow(`SELECT `+forwardRequestColumns+` WHERE r.hash = ? AND r.asked_at > ?`, d.hashForward(token), d.askedAfter()))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil, ErrBadForward
	case err != nil:
		return nil, nil, fmt.Errorf("look up a request to forward: %w", err)
	}
	a, err := ParseAddress(r.User)
	if err != nil {
		return nil, nil, err
	}
	user, err := userByAddress(q, a)
	if err == nil && user.Disabled {
		err = ErrDisabled
	}
	return &r, user, err
}

// AnswerForward agrees to a request, or declines it; its token is good no more. Who
// asked meanwhile for more than there may be, or whose target leads back to them by now,
// gets ErrTooMany, ErrLoop or ErrNoSuchUser. Else ErrBadForward, ErrDisabled.
func (d *Directory) AnswerForward(ctx context.Context, token string, agree bool) error {
	return d.db.Write(ctx, func(tx *database.Tx) error {
		r, user, err := d.forwardRequest(tx, token)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`UPDATE forward_request SET hash = NULL WHERE user = ? AND target = ?`, user.ID, r.Target); err != nil {
			return fmt.Errorf("answer a request to forward: %w", err)
		}
		e := Event{Action: "forward.decline", Subject: user.Address, Detail: r.Target}
		if agree {
			e.Action = "forward.agree"
			if err := d.agreeForward(tx, user, r); err != nil {
				return err
			}
		}
		return d.audit(ctx, tx, e)
	})
}

// agreeForward passes mail on to one more, with a copy or not as for the others.
func (d *Directory) agreeForward(tx *database.Tx, user *User, r *ForwardRequest) error {
	before, err := forwardsOf(tx, user.ID)
	if err != nil {
		return err
	}
	keep := r.Keep
	if n := len(before.Targets); n >= maxForwards {
		return fmt.Errorf("forward %s: %w: mail goes to %d addresses already", user.Address, ErrTooMany, n)
	} else if n > 0 {
		keep = before.Keep
	}
	return d.addForward(tx, user, r.Target, keep)
}
