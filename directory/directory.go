// Package directory knows who: domains, users, addresses, aliases, credentials of
// all kinds, invitations, the sign-in throttle, settings and the audit log.
//
// Safe for concurrent use. Domains, users, credentials and aliases are read from
// the database each time, so that a change counts at once. Two things are kept in
// memory: the verified sign-ins of the last minutes, which count only for the
// present version of a credential, and the throttle. Both are bounded, and
// neither ever holds a password: what they hold is keyed with a random key of the
// process.
package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync/atomic"
	"time"

	"letterbox/database"
)

var (
	ErrNoSuchUser     = errors.New("no such user here")
	ErrNoSuchAlias    = errors.New("no such alias")
	ErrNotOurs        = errors.New("domain is not served here")
	ErrExists         = errors.New("address is taken")
	ErrBadAddress     = errors.New("not a valid address")
	ErrLoop           = errors.New("aliases would go round in circles")
	ErrBadCredentials = errors.New("wrong user name or password")
	ErrDisabled       = errors.New("account is disabled")
	ErrWeakPassword   = errors.New("password is too short or too common")
	ErrTeam           = errors.New("nobody signs in as a team; its members read its mail")
	ErrNotEmpty       = errors.New("domain still has users or aliases")
)

// ThrottledError says when to try again.
type ThrottledError struct{ RetryAfter time.Duration }

func (e *ThrottledError) Error() string { return "too many wrong passwords; try again later" }

// Options of Open.
type Options struct {
	DB     *database.DB
	Log    *slog.Logger     // nil: none
	Now    func() time.Time // nil: time.Now
	Cost   Cost             // of passwords; zero: what is right today. Tests take less
	Bearer CheckBearer      // nil: nobody signs in with a token
	Small  bool             // there is little memory: one password is checked at a time

	// Separators are the characters behind which a user's address may have detail, as
	// in anna+shop@example.org; see CheckSeparators. nil: DefaultSeparators.
	Separators *string

	// WrongPassword hears of each wrong password, at once: for whom ("" when it is
	// nobody's name), from where, whether it was tried before, and whether the user
	// has signed in from there. May be nil.
	WrongPassword func(user string, remote netip.Addr, again, known bool)

	// WrongCode hears of each wrong code that comes behind the right password. May be
	// nil.
	WrongCode func(user string, remote netip.Addr, known bool)
}

// Directory is the open directory. It has nothing to close: the database is its
// opener's.
type Directory struct {
	db         *database.DB
	log        *slog.Logger
	separators string
	now        func() time.Time

	bearer CheckBearer // may be nil

	wrongPassword func(user string, remote netip.Addr, again, known bool)
	wrongCode     func(user string, remote netip.Addr, known bool)

	secret   []byte // kept in the database: makes salts for users who do not exist
	hasher   *hasher
	verified *verified
	throttle *throttle
	signIns  atomic.Int64
	endings  []func(Ending) // told of what ends sessions
}

// Open prepares the directory in an open database.
func Open(ctx context.Context, o Options) (*Directory, error) {
	d := &Directory{db: o.DB, log: o.Log, separators: DefaultSeparators, now: o.Now, bearer: o.Bearer}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	if o.Separators != nil {
		d.separators = *o.Separators
	}
	if d.now == nil {
		d.now = time.Now
	}
	if d.wrongPassword = o.WrongPassword; d.wrongPassword == nil {
		d.wrongPassword = func(string, netip.Addr, bool, bool) {}
	}
	if d.wrongCode = o.WrongCode; d.wrongCode == nil {
		d.wrongCode = func(string, netip.Addr, bool) {}
	}
	secret, err := d.serverSecret(ctx)
	if err != nil {
		return nil, fmt.Errorf("open the directory: %w", err)
	}
	d.secret = secret
	if o.Cost == (Cost{}) {
		o.Cost = defaultCost()
	}
	d.hasher = newHasher(o.Cost)
	if o.Small {
		d.hasher.slots = make(chan struct{}, 1)
	}
	d.verified = newVerified()
	d.throttle = newThrottle(d.now)
	return d, nil
}

// Stats counts since Open.
type Stats struct {
	PasswordHashes int64 // argon2id computations: each takes tens of milliseconds and 19 MiB
	SignIns        int64 // that succeeded
}

// Stats may be asked at any time.
func (d *Directory) Stats() Stats {
	return Stats{PasswordHashes: d.hasher.computed.Load(), SignIns: d.signIns.Load()}
}

// A querier reads, inside a writing transaction or a reading one.
type querier interface {
	Query(query string, args ...any) (*sql.Rows, error)
	QueryRow(query string, args ...any) *sql.Row
}
