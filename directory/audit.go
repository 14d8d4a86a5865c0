package directory

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"letterbox/database"
)

// An Event is a line of the audit log. It never holds a password or anything
// that tells about one.
//
// Every administrative act is a line, in the transaction of the act. Sign-ins
// are more than anybody would read, so of them are written: the first of a user
// from a peer and then one a day ("signin.ok"), each distinct wrong password
// ("signin.bad"), and that a peer or an account begins to be slowed down
// ("signin.throttled").
type Event struct {
	At      time.Time // of whole seconds
	Actor   string    // a user's address, "command line", "system", or "unknown"
	Action  string    // "user.add", "signin.ok" ...
	Subject string    // whom or what it was done to
	Remote  string    // the address that it came from
	Detail  string
}

// What the log keeps. Sign-ins are counted apart, so that an attack cannot push
// out what administrators did.
const (
	auditAge     = 400 * 24 * time.Hour
	auditSignIns = 10_000
	auditOthers  = 50_000
	auditPrune   = 256 // lines between two prunings
)

type actorKey struct{}

type actor struct{ name, remote string }

// ActingAs returns a context whose acts the audit log ascribes to the actor: a
// user's address or "command line". Without it they are the "system"'s.
func ActingAs(ctx context.Context, name string, remote netip.Addr) context.Context {
	a := actor{name: name}
	if remote.IsValid() {
		a.remote = remote.String()
	}
	return context.WithValue(ctx, actorKey{}, a)
}

// Record adds a line. A zero At is now; an empty Actor is the context's.
func (d *Directory) Record(ctx context.Context, e Event) error {
	return d.db.Write(ctx, func(tx *database.Tx) error { return d.audit(ctx, tx, e) })
}

func (d *Directory) audit(ctx context.Context, tx *database.Tx, e Event) error {
	if e.Actor == "" {
		by, _ := ctx.Value(actorKey{}).(actor)
		e.Actor, e.Remote = by.name, by.remote
	}
	if e.Actor == "" {
		e.Actor = "system"
	}
	if e.At.IsZero() {
		e.At = d.now()
	}
	result, err := tx.Exec(`INSERT INTO audit (at, actor, action, subject, remote, detail) VALUES (?, ?, ?, ?, ?, ?)`,
		e.At.Unix(), e.Actor, e.Action, e.Subject, e.Remote, e.Detail)
	if err != nil {
		return fmt.Errorf("write audit log: %w", err)
	}
	if id, err := result.LastInsertId(); err != nil || id%auditPrune != 0 {
		return err
	}
	return d.pruneAudit(tx)
}

func (d *Directory) pruneAudit(tx *database.Tx) error {
	if _, err := tx.Exec(`DELETE FROM audit WHERE at < ?`, d.now().Add(-auditAge).Unix()); err != nil {
		return fmt.Errorf("prune audit log: %w", err)
	}
	for _, kind := range []struct {
		signIn bool
		keep   int
	}{{true, auditSignIns}, {false, auditOthers}} {
		_, err := tx.Exec(`DELETE FROM audit WHERE (action GLOB 'signin.*') = ?1 AND id <= (
			SELECT id FROM audit WHERE (action GLOB 'signin.*') = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)`,
			kind.signIn, kind.keep)
		if err != nil {
			return fmt.Errorf("prune audit log: %w", err)
		}
	}
	return nil
}

// Audit returns what happened since, newest first, at most limit lines.
func (d *Directory) Audit(ctx context.Context, since time.Time, limit int) ([]Event, error) {
	var events []Event
	err := d.db.Read(ctx, func(c *database.Conn) error {
		rows, err := c.Query(`SELECT at, actor, action, subject, remote, detail FROM audit
			WHERE at >= ? ORDER BY id DESC LIMIT ?`, since.Unix(), limit)
		if err != nil {
			return err
		}
		events, err = collect(rows, scanEvent)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read audit log: %w", err)
	}
	return events, nil
}

func scanEvent(row scanner) (Event, error) {
	var e Event
	var at int64
	err := row.Scan(&at, &e.Actor, &e.Action, &e.Subject, &e.Remote, &e.Detail)
	e.At = time.Unix(at, 0)
	return e, err
}
