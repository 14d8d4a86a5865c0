package directory

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"letterbox/database"
)

// ErrNoSession is for a browser that is not, or no longer, signed in.
var ErrNoSession = errors.New("not signed in, or no longer")

// Limits of a web session.
const (
	webIdle     = 2 * 24 * time.Hour  // without a request
	webLifetime = 30 * 24 * time.Hour // whatever happens
	webTouch    = time.Minute         // how exactly it is known when it was last used
	webAgent    = 300                 // bytes of what the browser calls itself
	webPerUser  = 50                  // of one user; the oldest go
)

// WebSession is a browser in which somebody is signed in. It ends by itself
// when it was not used for two days, after 30 days, and when its user gets a new
// password or another role, is disabled, or goes.
type WebSession struct {
	ID      int64
	User    *User
	Created time.Time
	Seen    time.Time // to the minute
	Proved  time.Time // when the password was last shown
	Remote  string
	Agent   string
}

// NewWebSession signs a user in who has just shown who they are. The token is
// for the browser alone: here is only its hash.
func (d *Directory) NewWebSession(ctx context.Context, user *User, remote netip.Addr, agent string) (token string, err error) {
	token = rand.Text()
	if len(agent) > webAgent {
		agent = agent[:webAgent]
	}
	agent = strings.ToValidUTF8(agent, "")
	err = d.db.Write(ctx, func(tx *database.Tx) error {
		if err := d.pruneWebSessions(tx, user.ID); err != nil {
			return err
		}
		now := d.now().Unix()
		_, err := tx.Exec(`INSERT INTO web_session (token, user, version, created_at, seen_at, proved_at, remote, agent)
			VALUES (?, ?, coalesce((SELECT version FROM credential WHERE user = ?2), 0), ?3, ?3, ?3, ?, ?)`,
			hashToken(token), user.ID, now, Peer{Remote: remote}.from(), agent)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("begin a web session of %s: %w", user.Address, err)
	}
	return token, nil
}

// pruneWebSessions makes room for one more.
func (d *Directory) pruneWebSessions(tx *database.Tx, user int64) error {
	now := d.now()
	_, err := tx.Exec(`DELETE FROM web_session WHERE seen_at < ? OR created_at < ? OR id IN (
		SELECT id FROM web_session WHERE user = ? ORDER BY id DESC LIMIT -1 OFFSET ?)`,
		now.Add(-webIdle).Unix(), now.Add(-webLifetime).Unix(), user, webPerUser-1)
	return err
}

// WebSession finds the session of a token; ErrNoSession.
func (d *Directory) WebSession(ctx context.Context, token string) (*WebSession, error) {
	var s WebSession
	now := d.now()
	err := d.db.Read(ctx, func(c *database.Conn) (err error) {
		s, err = scanWebSession(c.QueryRow(`SELECT `+webSessionColumns+` FROM web_session w
			LEFT JOIN credential c ON c.user = w.user
			WHERE w.token = ? AND w.version = coalesce(c.version, 0) AND w.seen_at >= ? AND w.created_at >= ?`,
			hashToken(token), now.Add(-webIdle).Unix(), now.Add(-webLifetime).Unix()))
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNoSession
	}
	if err != nil {
		return nil, fmt.Errorf("look up a web session: %w", err)
	}
	user, err := d.UserByID(ctx, s.User.ID)
	if errors.Is(err, ErrNoSuchUser) || err == nil && user.Disabled {
		return nil, ErrNoSession
	}
	s.User = user
	if err == nil && now.Sub(s.Seen) >= webTouch {
		s.Seen = now
		err = d.touchWebSession(ctx, s.ID, now)
	}
	return &s, err
}

func (d *Directory) touchWebSession(ctx context.Context, id int64, now time.Time) error {
	return d.db.Write(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(`UPDATE web_session SET seen_at = ? WHERE id = ?`, now.Unix(), id)
		return err
	})
}

// ProveWebSession notes that the user of a session has shown the password once
// more, and exchanges its token: what somebody may have seen of the old one is
// worth nothing now.
func (d *Directory) ProveWebSession(ctx context.Context, id int64) (token string, err error) {
	token = rand.Text()
	err = d.db.Write(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(`UPDATE web_session SET token = ?, proved_at = ? WHERE id = ?`, hashToken(token), d.now().Unix(), id)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("renew a web session: %w", err)
	}
	return token, nil
}

// WebSessions lists where a user is signed in, the last used first.
func (d *Directory) WebSessions(ctx context.Context, user int64) ([]WebSession, error) {
	var list []WebSession
	err := d.db.Read(ctx, func(c *database.Conn) error {
		now := d.now()
		rows, err := c.Query(`SELECT `+webSessionColumns+` FROM web_session w
			LEFT JOIN credential c ON c.user = w.user
			WHERE w.user = ? AND w.version = coalesce(c.version, 0) AND w.seen_at >= ? AND w.created_at >= ?
			ORDER BY w.seen_at DESC, w.id DESC`, user, now.Add(-webIdle).Unix(), now.Add(-webLifetime).Unix())
		if err != nil {
			return err
		}
		list, err = collect(rows, scanWebSession)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list web sessions: %w", err)
	}
	return list, nil
}

// EndWebSession signs a browser of the user out; none of theirs is no error.
func (d *Directory) EndWebSession(ctx context.Context, user *User, id int64) error {
	return d.db.Write(ctx, func(tx *database.Tx) error {
		result, err := tx.Exec(`DELETE FROM web_session WHERE user = ? AND id = ?`, user.ID, id)
		if err != nil {
			return fmt.Errorf("end a web session of %s: %w", user.Address, err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return d.audit(ctx, tx, Event{Action: "session.end", Subject: user.Address})
	})
}

// endWebSessions signs all browsers of a user out.
func endWebSessions(tx *database.Tx, user int64) error {
	_, err := tx.Exec(`DELETE FROM web_session WHERE user = ?`, user)
	return err
}

// hashToken needs no salt and no slowness: a token has 128 random bits.
func hashToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

const webSessionColumns = `w.id, w.user, w.created_at, w.seen_at, w.proved_at, w.remote, w.agent`

func scanWebSession(row scanner) (WebSession, error) {
	s := WebSession{User: &User{}}
	var created, seen, proved int64
	err := row.Scan(&s.ID, &s.User.ID, &created, &seen, &proved, &s.Remote, &s.Agent)
	s.Created, s.Seen, s.Proved = time.Unix(created, 0), time.Unix(seen, 0), time.Unix(proved, 0)
	return s, err
}
