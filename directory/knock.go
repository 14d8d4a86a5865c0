package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/xdg-go/scram"
	"letterbox/database"
)

// A Peer is who tries to sign in, and by which door.
type Peer struct {
	Protocol string // "imap", "submission", "web"
	Remote   netip.Addr
	TLS      bool

	// Bindings tell the TLS connection from every other, by the names of RFC
	// 5929 and RFC 9266; nil without TLS. Where there are some, SCRAM can make
	// sure that nobody sits between the peer and us.
	Bindings map[string][]byte
}

// from is the address for the audit log.
func (p Peer) from() string {
	if !p.Remote.IsValid() {
		return ""
	}
	return p.Remote.Unmap().String()
}

// A knock is somebody at the door: what the database says about the name that
// they give and the peer that they come from.
type knock struct {
	peer       Peer
	visit      visit
	user       *User // nil: nobody of that name
	credential credential
	seen       time.Time // when the user last signed in from the peer; zero: never
	typed      string    // the name, where the audit log may show it

	secondFactor bool         // the user has one
	own          bool         // they have shown their own password
	app          *appPassword // or this one
}

// id is the user's, or 0 for nobody.
func (k *knock) id() int64 {
	if k.user == nil {
		return 0
	}
	return k.user.ID
}

// address is the user's, or "" for nobody.
func (k *knock) address() string {
	if k.user == nil {
		return ""
	}
	return k.user.Address
}

// knownFor so long after signing in from a peer a user is known there.
const knownFor = 180 * 24 * time.Hour

// knock looks the name up. What comes back for a name that nobody has differs
// in nothing but user from what comes back for one that somebody has.
func (d *Directory) knock(ctx context.Context, p Peer, username string) (*knock, error) {
	k := &knock{peer: p, visit: visit{peer: peerName(p.Remote), name: username}}
	err := d.db.Read(ctx, func(c *database.Conn) error {
		a, served, err := signInAddress(c, username)
		if err != nil || a.Domain == "" {
			return err
		}
		k.visit.name = a.String()
		if served {
			k.typed = k.visit.name
		}
		return k.load(c, a)
	})
	if err != nil {
		return nil, fmt.Errorf("look up who signs in: %w", err)
	}
	k.visit.known = !k.seen.IsZero() && d.now().Sub(k.seen) < knownFor
	if k.credential.version == 0 {
		k.credential = d.dummyCredential(k.visit.name)
	}
	return k, nil
}

// signInAddress understands a user name: an address, or a local part where only
// one domain is served. The address is empty when it is neither. served reports
// whether the name was given with a domain of ours: only then is it sure that
// nobody typed a password where the name goes.
func signInAddress(q querier, username string) (a Address, served bool, err error) {
	if strings.Contains(username, "@") {
		if a, err = ParseAddress(username); err != nil {
			return Address{}, false, nil
		}
		_, err = domainByName(q, a.Domain)
		if errors.Is(err, ErrNotOurs) {
			return a.fold(), false, nil
		}
		return a.fold(), err == nil, err
	}
	rows, err := q.Query(`SELECT name FROM domain LIMIT 2`)
	if err != nil {
		return Address{}, false, err
	}
	domains, err := collect(rows, scanString)
	if err != nil || len(domains) != 1 {
		return Address{}, false, err
	}
	if a, err = ParseAddress(username + "@" + domains[0]); err != nil {
		return Address{}, false, nil
	}
	return a.fold(), false, nil
}

// load reads user, credential and acquaintance in one query: it runs for every
// sign-in.
func (k *knock) load(q querier, a Address) error {
	user := User{Address: a.String()}
	var created, seen int64
	var salt []byte
	c := &k.credential
	err := q.QueryRow(`SELECT u.id, u.name, u.role, u.disabled, u.created_at, u.language, coalesce(k.last_at, 0),
			coalesce(c.version, 0), coalesce(c.argon2id, ''), coalesce(c.scram_salt, x''),
			coalesce(c.scram_iterations, 0), coalesce(c.scram_stored_key, x''), coalesce(c.scram_server_key, x''),
			`+secondFactorOf+`
		FROM user u JOIN domain d ON d.id = u.domain
		LEFT JOIN credential c ON c.user = u.id
		LEFT JOIN known_peer k ON k.user = u.id AND k.peer = ?
		WHERE d.name = ? AND u.localpart = ?`, k.visit.peer, a.Domain, a.Local).
		Scan(&user.ID, &user.Name, &user.Role, &user.Disabled, &created, &user.Language, &seen,
			&c.version, &c.argon2id, &salt, &c.scram.Iters, &c.scram.StoredKey, &c.scram.ServerKey, &k.secondFactor)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	user.Created = time.Unix(created, 0)
	c.scram.KeyFactors = scram.KeyFactors{Salt: string(salt), Iters: c.scram.Iters}
	k.user, k.typed = &user, user.Address
	if seen > 0 {
		k.seen = time.Unix(seen, 0)
	}
	return nil
}
