package directory

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/xdg-go/scram"
	"letterbox/database"
)

// A credential is what is kept of a password.
type credential struct {
	argon2id string
	scram    scram.StoredCredentials
	version  int64 // grows with each change; 0: none yet
}

// newCredential checks the password against the rules and computes what is kept.
func (d *Directory) newCredential(ctx context.Context, a Address, password string) (*credential, error) {
	prepared, err := preparePassword(password)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrWeakPassword, err)
	}
	if err := checkPassword(a, prepared); err != nil {
		return nil, err
	}
	return d.deriveCredential(ctx, a.String(), prepared)
}

func (d *Directory) deriveCredential(ctx context.Context, address, prepared string) (*credential, error) {
	keys, err := deriveSCRAM(prepared, d.keyFactors(address))
	if err != nil {
		return nil, err
	}
	done, err := d.hasher.slot(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	return &credential{argon2id: d.hasher.hash(prepared), scram: keys}, nil
}

// deriveSCRAM computes the keys of RFC 5802 section 3. Clients apply SASLprep
// (section 2.2), which differs from our own preparation for a few characters and
// refuses some; for those, clients send the password as it is.
func deriveSCRAM(prepared string, factors scram.KeyFactors) (scram.StoredCredentials, error) {
	client, err := scram.SHA256.NewClient("", prepared, "")
	if err != nil {
		if client, err = scram.SHA256.NewClientUnprepped("", prepared, ""); err != nil {
			return scram.StoredCredentials{}, fmt.Errorf("derive SCRAM keys: %w", err)
		}
	}
	keys, err := client.GetStoredCredentialsWithError(factors)
	if err != nil {
		return keys, fmt.Errorf("derive SCRAM keys: %w", err)
	}
	return keys, nil
}

// keyFactors are SCRAM's for an address, whether there is such a user or not. A
// server has to name them before the client shows which password it means: all
// of a user's passwords, their own and those of their devices, share them.
func (d *Directory) keyFactors(address string) scram.KeyFactors {
	mac := hmac.New(sha256.New, d.secret)
	mac.Write([]byte("scram salt\x00" + address))
	return scram.KeyFactors{Salt: string(mac.Sum(nil)[:saltSize]), Iters: d.hasher.cost.Iterations}
}

// dummyCredential is for users who do not exist or have no password. Nobody can
// tell it from a real one: the salt is the same each time for the same name
// (RFC 5802 section 5.1 leaves e=unknown-user to the server's discretion).
func (d *Directory) dummyCredential(name string) credential {
	keys := make([]byte, 2*sha256.Size)
	rand.Read(keys)
	return credential{
		argon2id: d.hasher.dummy(),
		scram: scram.StoredCredentials{
			KeyFactors: d.keyFactors(name),
			StoredKey:  keys[:sha256.Size],
			ServerKey:  keys[sha256.Size:],
		},
	}
}

// SetPassword gives the user a new password, which ends what the old one opened.
// ErrWeakPassword, ErrNoSuchUser.
func (d *Directory) SetPassword(ctx context.Context, address, password string) error {
	a, err := ParseAddress(address)
	if err != nil {
		return err
	}
	fresh, err := d.newCredential(ctx, a.fold(), password)
	if err != nil {
		return fmt.Errorf("set password of %s: %w", a, err)
	}
	var ending Ending
	err = d.changeUser(ctx, address, Event{Action: "user.password"}, func(tx *database.Tx, user *User) error {
		if user.Team {
			return ErrTeam
		}
		ending = Ending{User: user.ID}
		return saveCredential(tx, user.ID, fresh, d.now())
	})
	if err == nil {
		d.end(ending)
	}
	return err
}

func saveCredential(tx *database.Tx, user int64, c *credential, at time.Time) error {
	_, err := tx.Exec(`INSERT INTO credential
			(user, argon2id, scram_salt, scram_iterations, scram_stored_key, scram_server_key, version, changed_at)
		VALUES (?, ?, ?, ?, ?, ?, 1, ?)
		ON CONFLICT (user) DO UPDATE SET argon2id = excluded.argon2id, scram_salt = excluded.scram_salt,
			scram_iterations = excluded.scram_iterations, scram_stored_key = excluded.scram_stored_key,
			scram_server_key = excluded.scram_server_key, version = version + 1, changed_at = excluded.changed_at`,
		user, c.argon2id, []byte(c.scram.Salt), c.scram.Iters, c.scram.StoredKey, c.scram.ServerKey, at.Unix())
	if err != nil {
		return fmt.Errorf("save credential: %w", err)
	}
	return nil
}

// renewCredential replaces what is kept of an unchanged password, when its cost
// is not the present one. The version stays: nothing ends by it.
func (d *Directory) renewCredential(ctx context.Context, user *User, version int64, prepared string) error {
	fresh, err := d.deriveCredential(ctx, user.Address, prepared)
	if err != nil {
		return err
	}
	return d.db.Write(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(`UPDATE credential SET argon2id = ?, scram_salt = ?, scram_iterations = ?,
			scram_stored_key = ?, scram_server_key = ? WHERE user = ? AND version = ?`,
			fresh.argon2id, []byte(fresh.scram.Salt), fresh.scram.Iters, fresh.scram.StoredKey, fresh.scram.ServerKey,
			user.ID, version)
		return err
	})
}
