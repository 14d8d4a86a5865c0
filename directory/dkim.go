package directory

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"letterbox/database"
)

// A SigningKey signs mail from a domain (DKIM). A domain has two at a time: RSA,
// which everybody can check, and Ed25519 (RFC 8463).
type SigningKey struct {
	Selector string
	Private  crypto.Signer // *rsa.PrivateKey or ed25519.PrivateKey
	Created  time.Time
	Signs    time.Time // from then on
	Retired  time.Time // from then on no more; zero: not yet
}

// Overlap is for how long a new key is published before it signs, and an old one
// after: name servers remember what was not there, and mail is checked days after
// it was signed.
const Overlap = 7 * 24 * time.Hour

// rsaBits follows RFC 8301 section 3.2: more does not fit into one UDP answer.
const rsaBits = 2048

// Record is the content of the TXT record that publishes the key (RFC 6376
// section 3.6.1).
func (k *SigningKey) Record() (string, error) {
	if public, ok := k.Private.Public().(ed25519.PublicKey); ok {
		return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public), nil
	}
	der, err := x509.MarshalPKIXPublicKey(k.Private.Public())
	if err != nil {
		return "", fmt.Errorf("write the key %s: %w", k.Selector, err)
	}
	return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der), nil
}

// EnsureKeys makes keys for a domain of ours that has none. They sign at once:
// there is nothing that they could follow. ErrNotOurs.
func (d *Directory) EnsureKeys(ctx context.Context, domain string) error {
	have, err := d.PublishedKeys(ctx, domain)
	if err != nil || len(have) > 0 {
		return err
	}
	return d.addKeys(ctx, domain, d.seconds())
}

// RotateKeys makes new keys for a domain of ours, which sign in a week; the
// present ones stop then and stay published for another week. ErrNotOurs.
func (d *Directory) RotateKeys(ctx context.Context, domain string) error {
	return d.addKeys(ctx, domain, d.seconds().Add(Overlap))
}

// addKeys makes the keys outside of the transaction: RSA takes its time.
func (d *Directory) addKeys(ctx context.Context, domain string, from time.Time) error {
	ascii, err := parseDomain(domain)
	if err != nil {
		return fmt.Errorf("keys of %s: %w: %w", domain, ErrBadAddress, err)
	}
	long, err := rsa.GenerateKey(rand.Reader, rsaBits)
	if err != nil {
		return fmt.Errorf("make a key for %s: %w", ascii, err)
	}
	_, short, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("make a key for %s: %w", ascii, err)
	}
	stamp := d.seconds().UTC().Format("20060102")
	return d.db.Write(ctx, func(tx *database.Tx) error {
		home, err := domainByName(tx, ascii)
		if err != nil {
			return err
		}
		var pairs int // of this day
		err = tx.QueryRow(`SELECT count(*) / 2 FROM dkim_key WHERE domain = ? AND selector GLOB ?`, home.ID, "*"+stamp+"*").Scan(&pairs)
		if err != nil {
			return fmt.Errorf("keys of %s: %w", ascii, err)
		}
		if pairs > 0 {
			stamp += fmt.Sprintf("-%d", pairs+1)
		}
		if err := retireKeys(tx, home.ID, from); err != nil {
			return err
		}
		for _, k := range []SigningKey{{Selector: "rsa" + stamp, Private: long}, {Selector: "ed" + stamp, Private: short}} {
			k.Created, k.Signs = d.seconds(), from
			if err := insertKey(tx, home.ID, k); err != nil {
				return err
			}
		}
		return d.audit(ctx, tx, Event{Action: "domain.keys", Subject: ascii, Detail: "they sign from " + from.UTC().Format(time.DateOnly)})
	})
}

// retireKeys ends the present keys, and those to come, when new ones begin.
func retireKeys(tx *database.Tx, domain int64, from time.Time) error {
	_, err := tx.Exec(`UPDATE dkim_key SET retired_at = ? WHERE domain = ? AND retired_at = 0`, from.Unix(), domain)
	if err != nil {
		return fmt.Errorf("retire keys: %w", err)
	}
	return nil
}

func insertKey(tx *database.Tx, domain int64, k SigningKey) error {
	der, err := x509.MarshalPKCS8PrivateKey(k.Private)
	if err != nil {
		return fmt.Errorf("write the key %s: %w", k.Selector, err)
	}
	_, err = tx.Exec(`INSERT INTO dkim_key (domain, selector, private, created_at, signs_at) VALUES (?, ?, ?, ?, ?)`,
		domain, k.Selector, der, k.Created.Unix(), k.Signs.Unix())
	if err != nil {
		return fmt.Errorf("keep the key %s: %w", k.Selector, err)
	}
	return nil
}

// SigningKeys returns the keys with which a domain signs now, RSA first; none
// when it is not ours or has none.
func (d *Directory) SigningKeys(ctx context.Context, domain string) ([]SigningKey, error) {
	keys, err := d.PublishedKeys(ctx, domain)
	if errors.Is(err, ErrNotOurs) || errors.Is(err, ErrBadAddress) {
		return nil, nil
	}
	now := d.now()
	var signing []SigningKey
	for _, k := range keys {
		if !now.Before(k.Signs) && (k.Retired.IsZero() || now.Before(k.Retired)) {
			signing = append(signing, k)
		}
	}
	return signing, err
}

// PublishedKeys returns the keys that must be in the DNS now, RSA first. ErrNotOurs.
func (d *Directory) PublishedKeys(ctx context.Context, domain string) ([]SigningKey, error) {
	ascii, err := parseDomain(domain)
	if err != nil {
		return nil, fmt.Errorf("keys of %s: %w: %w", domain, ErrBadAddress, err)
	}
	var keys []SigningKey
	err = d.db.Read(ctx, func(c *database.Conn) error {
		home, err := domainByName(c, ascii)
		if err != nil {
			return err
		}
		rows, err := c.Query(`
			SELECT selector, private, created_at, signs_at, retired_at FROM dkim_key
			WHERE domain = ? AND (retired_at = 0 OR retired_at > ?) ORDER BY created_at, selector DESC`,
			home.ID, d.now().Add(-Overlap).Unix())
		if err != nil {
			return err
		}
		keys, err = collect(rows, scanKey)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("keys of %s: %w", domain, err)
	}
	return keys, nil
}

func scanKey(row scanner) (SigningKey, error) {
	var k SigningKey
	var der []byte
	var created, signs, retired int64
	if err := row.Scan(&k.Selector, &der, &created, &signs, &retired); err != nil {
		return k, err
	}
	k.Created, k.Signs = time.Unix(created, 0), time.Unix(signs, 0)
	if retired != 0 {
		k.Retired = time.Unix(retired, 0)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return k, fmt.Errorf("key %s is damaged: %w", k.Selector, err)
	}
	private, ok := parsed.(crypto.Signer)
	if !ok {
		return k, fmt.Errorf("key %s is of an unknown kind", k.Selector)
	}
	k.Private = private
	return k, nil
}
