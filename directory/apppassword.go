package directory

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"letterbox/database"
)

// What an app password opens, by Peer.Protocol. It never opens the web pages.
const (
	ScopeIMAP       = "imap"
	ScopeSubmission = "submission"
)

var (
	ErrNoSuchAppPassword   = errors.New("no such app password")
	ErrTooManyAppPasswords = fmt.Errorf("nobody has more than %d app passwords; revoke one that is not used any more", maxAppPasswords)
)

// maxAppPasswords of one user. Every sign-in by SCRAM looks at each of them.
const maxAppPasswords = 40

// An AppPassword is a password for one device. What it is was shown once, when it
// was made.
type AppPassword struct {
	ID       int64
	Name     string   // of the device, as the user calls it
	Scopes   []string // sorted
	Created  time.Time
	Used     time.Time // to within an hour; zero: never
	UsedFrom string    // an address
	UsedBy   string    // what the client calls itself, "" when it has not said
}

// AddAppPassword makes one and returns its secret, which nobody can ask for
// again. ErrNoSuchUser, ErrTeam, ErrTooManyAppPasswords.
func (d *Directory) AddAppPassword(ctx context.Context, address, name string, scopes ...string) (secret string, made *AppPassword, err error) {
	made = &AppPassword{Scopes: slices.Compact(slices.Sorted(slices.Values(scopes))), Created: d.seconds()}
	if made.Name, err = trimName(name); err != nil {
		return "", nil, err
	}
	if err := made.checkScopes(); err != nil {
		return "", nil, err
	}
	a, err := ParseAddress(address)
	if err != nil {
		return "", nil, err
	}
	secret = generateAppPassword()
	keys, err := deriveSCRAM(secret, d.keyFactors(a.fold().String()))
	if err != nil {
		return "", nil, err
	}
	e := Event{Action: "user.app-password.add", Detail: made.Name + ": " + strings.Join(made.Scopes, " ")}
	err = d.changeUser(ctx, address, e, func(tx *database.Tx, user *User) error {
		if user.Team {
			return ErrTeam
		}
		if err := roomForAppPassword(tx, user.ID); err != nil {
			return err
		}
		result, err := tx.Exec(`INSERT INTO app_password (user, name, scopes, hash, scram_salt, scram_iterations,
				scram_stored_key, scram_server_key, created_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			user.ID, made.Name, strings.Join(made.Scopes, " "), d.hashSecret("app password", user.ID, bareSecret(secret)),
			[]byte(keys.Salt), keys.Iters, keys.StoredKey, keys.ServerKey, made.Created.Unix())
		if err != nil {
			return err
		}
		made.ID, err = result.LastInsertId()
		return err
	})
	if err != nil {
		return "", nil, err
	}
	return secret, made, nil
}

func roomForAppPassword(q querier, user int64) error {
	var n int
	if err := q.QueryRow(`SELECT count(*) FROM app_password WHERE user = ?`, user).Scan(&n); err != nil {
		return err
	}
	if n >= maxAppPasswords {
		return ErrTooManyAppPasswords
	}
	return nil
}

func (p *AppPassword) checkScopes() error {
	for _, scope := range p.Scopes {
		if scope != ScopeIMAP && scope != ScopeSubmission {
			return fmt.Errorf("an app password cannot be for %q; it is for %s, %s or both", clip(scope), ScopeIMAP, ScopeSubmission)
		}
	}
	if len(p.Scopes) == 0 {
		return fmt.Errorf("say what the app password is for: %s, %s or both", ScopeIMAP, ScopeSubmission)
	}
	return nil
}

// AppPasswords lists a user's, the newest first.
func (d *Directory) AppPasswords(ctx context.Context, user int64) (all []AppPassword, err error) {
	err = d.db.Read(ctx, func(c *database.Conn) error {
		rows, err := c.Query(`SELECT id, name, scopes, created_at, used_at, used_from, used_by
			FROM app_password WHERE user = ? ORDER BY id DESC`, user)
		if err != nil {
			return err
		}
		all, err = collect(rows, scanAppPassword)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list app passwords: %w", err)
	}
	return all, nil
}

func scanAppPassword(row scanner) (AppPassword, error) {
	var p AppPassword
	var scopes string
	var created, used int64
	err := row.Scan(&p.ID, &p.Name, &scopes, &created, &used, &p.UsedFrom, &p.UsedBy)
	p.Scopes, p.Created = strings.Fields(scopes), time.Unix(created, 0)
	if used > 0 {
		p.Used = time.Unix(used, 0)
	}
	return p, err
}

// RevokeAppPassword ends it, and what it opened. ErrNoSuchAppPassword also for
// somebody else's.
func (d *Directory) RevokeAppPassword(ctx context.Context, address string, id int64) error {
	var ending Ending
	err := d.changeUser(ctx, address, Event{Action: "user.app-password.revoke", Detail: fmt.Sprint(id)}, func(tx *database.Tx, user *User) error {
		ending = Ending{User: user.ID, AppPassword: id}
		return mustChange(tx.Exec(`DELETE FROM app_password WHERE id = ? AND user = ?`, id, user.ID))(ErrNoSuchAppPassword)
	})
	if err != nil {
		return err
	}
	d.end(ending)
	return nil
}

// AppPasswordUsed notes what the client that signed in with it calls itself.
func (d *Directory) AppPasswordUsed(ctx context.Context, p *AppPassword, client string) error {
	client = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, clip(client))
	if p == nil || client == "" || client == p.UsedBy {
		return nil
	}
	p.UsedBy = client
	return d.db.Write(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(`UPDATE app_password SET used_by = ? WHERE id = ?`, client, p.ID)
		return err
	})
}

// hashSecret is what is kept of a secret that was made here. It has so many bits
// that nobody guesses it, however quick a guess is; nothing is gained by making
// one slow. The key keeps lists of hashes from meaning anything elsewhere.
func (d *Directory) hashSecret(kind string, user int64, bare string) []byte {
	mac := hmac.New(sha256.New, d.secret)
	mac.Write([]byte(kind + "\x00"))
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(user)))
	mac.Write([]byte(bare))
	return mac.Sum(nil)
}
