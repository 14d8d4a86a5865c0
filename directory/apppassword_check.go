package directory

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/xdg-go/scram"
	"letterbox/database"
)

// ErrScope is the right app password at the wrong door.
var ErrScope = errors.New("this app password is not for that; see what it is for on your page, or make another")

// usedEvery is how often the use of an app password is written down: a sign-in is
// no write.
const usedEvery = time.Hour

// findAppPassword reports which of the user's app passwords was typed, nil for
// none.
func (d *Directory) findAppPassword(ctx context.Context, k *knock, typed string) (*appPassword, error) {
	bare := bareSecret(typed)
	if k.user == nil || len(bare) != appPasswordSize {
		return nil, nil
	}
	all, err := d.appPasswords(ctx, k.user.ID)
	if err != nil {
		return nil, err
	}
	hash := d.hashSecret("app password", k.user.ID, bare)
	for i := range all {
		if subtle.ConstantTimeCompare(all[i].hash, hash) == 1 {
			return &all[i], nil
		}
	}
	return nil, nil
}

// An appPassword is one with what is kept of its secret.
type appPassword struct {
	AppPassword
	hash  []byte
	scram scram.StoredCredentials
}

func (d *Directory) appPasswords(ctx context.Context, user int64) (all []appPassword, err error) {
	err = d.db.Read(ctx, func(c *database.Conn) error {
		rows, err := c.Query(`SELECT id, name, scopes, used_at, used_from, used_by,
				hash, scram_salt, scram_iterations, scram_stored_key, scram_server_key
			FROM app_password WHERE user = ?`, user)
		if err != nil {
			return err
		}
		all, err = collect(rows, scanStoredAppPassword)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look up app passwords: %w", err)
	}
	return all, nil
}

func scanStoredAppPassword(row scanner) (appPassword, error) {
	var p appPassword
	var scopes string
	var salt []byte
	var used int64
	err := row.Scan(&p.ID, &p.Name, &scopes, &used, &p.UsedFrom, &p.UsedBy,
		&p.hash, &salt, &p.scram.Iters, &p.scram.StoredKey, &p.scram.ServerKey)
	p.Scopes, p.Used = strings.Fields(scopes), time.Unix(used, 0)
	p.scram.Salt = string(salt)
	return p, err
}

// opens reports whether the app password is for the peer's door.
func (p *AppPassword) opens(peer Peer) bool { return slices.Contains(p.Scopes, peer.Protocol) }

// noteUse writes down when and from where an app password was used. It fails with
// ErrBadCredentials when that was revoked meanwhile.
func (d *Directory) noteUse(ctx context.Context, k *knock) error {
	p, now := k.app, d.seconds()
	if p.UsedFrom == k.peer.from() && now.Sub(p.Used) < usedEvery {
		return d.db.Read(ctx, func(c *database.Conn) error {
			err := c.QueryRow(`SELECT id FROM app_password WHERE id = ?`, p.ID).Scan(&p.ID)
			if errors.Is(err, sql.ErrNoRows) {
				return ErrBadCredentials
			}
			return err
		})
	}
	p.Used, p.UsedFrom = now, k.peer.from()
	return d.db.Write(context.WithoutCancel(ctx), func(tx *database.Tx) error {
		return mustChange(tx.Exec(`UPDATE app_password SET used_at = ?, used_from = ? WHERE id = ?`,
			p.Used.Unix(), p.UsedFrom, p.ID))(ErrBadCredentials)
	})
}
