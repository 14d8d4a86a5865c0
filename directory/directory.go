// Package directory knows who: domains, users, addresses, aliases, credentials,
// the sign-in throttle, settings and the audit log.
//
// Safe for concurrent use. Nothing is cached but verified sign-ins, and those
// are checked against the credential's version each time, so that changes count
// at once.
package directory

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"time"

	"github.com/emersion/go-sasl"
	"letterbox/database"
)

var (
	ErrNoSuchUser     = errors.New("no such user here")
	ErrNotOurs        = errors.New("domain is not served here")
	ErrExists         = errors.New("address is taken")
	ErrBadAddress     = errors.New("not a valid address")
	ErrBadCredentials = errors.New("wrong user name or password")
	ErrDisabled       = errors.New("account is disabled")
	ErrWeakPassword   = errors.New("password is too short or too common")
	ErrNotEmpty       = errors.New("domain still has users or aliases")
)

// ThrottledError says when to try again.
type ThrottledError struct{ RetryAfter time.Duration }

func (e *ThrottledError) Error() string { return "too many wrong passwords; try again later" }

// Options of Open.
type Options struct {
	DB        *database.DB
	Log       *slog.Logger
	Separator byte             // of plus-addressing; 0: '+'
	Now       func() time.Time // nil: time.Now
}

type Directory struct{}

func Open(ctx context.Context, o Options) (*Directory, error) { panic("stub") }

// Domain is one that mail is received for.
type Domain struct {
	ID      int64
	Name    string // A-labels, lower case
	Created time.Time
}

func (d *Directory) AddDomain(ctx context.Context, name string) (*Domain, error) { panic("stub") }
func (d *Directory) RemoveDomain(ctx context.Context, name string) error         { panic("stub") }
func (d *Directory) Domains(ctx context.Context) ([]Domain, error)               { panic("stub") }

// User is somebody who signs in and has mail. ID is the account id.
type User struct {
	ID       int64
	Address  string
	Name     string
	Role     string
	Disabled bool
	Created  time.Time
}

// AddUser makes a user of one of our domains. An empty password makes a user
// who cannot sign in yet.
func (d *Directory) AddUser(ctx context.Context, address, name, password string) (*User, error) {
	panic("stub")
}
func (d *Directory) SetPassword(ctx context.Context, address, password string) error { panic("stub") }
func (d *Directory) SetDisabled(ctx context.Context, address string, disabled bool) error {
	panic("stub")
}

// RemoveUser forgets the user; the mail is the store's (RemoveAccount).
func (d *Directory) RemoveUser(ctx context.Context, address string) error { panic("stub") }
func (d *Directory) Users(ctx context.Context) ([]User, error)            { panic("stub") }

// User finds one by the address that it signs in with; ErrNoSuchUser.
func (d *Directory) User(ctx context.Context, address string) (*User, error) { panic("stub") }
func (d *Directory) UserByID(ctx context.Context, id int64) (*User, error)   { panic("stub") }

// GeneratePassword returns a random password that is easy to type.
func GeneratePassword() string { panic("stub") }

type Alias struct {
	Address string // "*@domain" is the catch-all
	Targets []string
}

// AddAlias lets address be delivered to target, ours or elsewhere. It refuses
// loops.
func (d *Directory) AddAlias(ctx context.Context, address, target string) error    { panic("stub") }
func (d *Directory) RemoveAlias(ctx context.Context, address, target string) error { panic("stub") }
func (d *Directory) Aliases(ctx context.Context) ([]Alias, error)                  { panic("stub") }

// A Recipient is where mail for an address goes: to a user (User is set; Detail
// is what stood behind the separator) or elsewhere (Forward is set).
type Recipient struct {
	Address string // as asked for
	User    *User
	Detail  string
	Forward string
}

// Resolve says where mail for an address goes: user, plus-address, alias (also
// of aliases), catch-all, in this order; postmaster@ and abuse@ of our domains
// go to the first admin when nothing else takes them (RFC 5321 section 4.5.1).
// ErrNotOurs, ErrNoSuchUser, ErrBadAddress.
func (d *Directory) Resolve(ctx context.Context, address string) ([]Recipient, error) { panic("stub") }

// MaySendAs reports whether the user may write from the address: their own, with
// or without detail, and aliases whose target they are.
func (d *Directory) MaySendAs(ctx context.Context, userID int64, address string) (bool, error) {
	panic("stub")
}

// A Peer is who tries to sign in, and by which door.
type Peer struct {
	Protocol string // "imap", "submission", "web"
	Remote   netip.Addr
	TLS      bool
}

// Authenticate checks a password. ErrBadCredentials (also for unknown users, in
// the same time), *ThrottledError, ErrDisabled.
func (d *Directory) Authenticate(ctx context.Context, p Peer, username, password string) (*User, error) {
	panic("stub")
}

// Mechanisms are the SASL mechanisms on offer, best first. Those that show the
// password are there only when the connection is private.
func Mechanisms(private bool) []string { panic("stub") }

// SASL starts an exchange: SCRAM-SHA-256, PLAIN, LOGIN. signedIn is called once,
// with the user, when it succeeded. An unknown mechanism is an error.
func (d *Directory) SASL(ctx context.Context, p Peer, mechanism string, signedIn func(*User)) (sasl.Server, error) {
	panic("stub")
}

// An Event is a line of the audit log.
type Event struct {
	At                                     time.Time
	Actor, Action, Subject, Remote, Detail string
}

func (d *Directory) Record(ctx context.Context, e Event) error { panic("stub") }
func (d *Directory) Audit(ctx context.Context, since time.Time, limit int) ([]Event, error) {
	panic("stub")
}
