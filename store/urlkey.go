package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"

	"letterbox/database"
)

// urlKeySize is that of a mailbox access key (RFC 4467 section 2.2 asks for 128
// bits).
const urlKeySize = 32

// URLKey returns the key with which somebody authorizes URLs of a mailbox, nil
// for none.
func (s *Store) URLKey(ctx context.Context, m MailboxID, who AccountID) (key []byte, err error) {
	err = s.db.Read(ctx, func(c *database.Conn) (err error) {
		key, err = readURLKey(c, m, who)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("key for URLs of mailbox %d: %w", m, err)
	}
	return key, nil
}

func readURLKey(q querier, m MailboxID, who AccountID) (key []byte, err error) {
	err = q.QueryRow(`SELECT key FROM url_key WHERE account = ? AND mailbox = ?`, int64(who), int64(m)).Scan(&key)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return key, err
}

// MakeURLKey returns that key, and makes it if there is none.
func (s *Store) MakeURLKey(ctx context.Context, m MailboxID, who AccountID) (key []byte, err error) {
	if key, err = s.URLKey(ctx, m, who); key != nil || err != nil {
		return key, err
	}
	err = s.write(ctx, func(j *job) error {
		if _, err := readMailbox(j.tx, m); err != nil {
			return err
		}
		if err := j.newURLKey(m, who, `DO NOTHING`); err != nil {
			return err
		}
		key, err = readURLKey(j.tx, m, who)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("make a key for URLs of mailbox %d: %w", m, err)
	}
	return key, nil
}

// ResetURLKey makes another key: what was authorized with the old one counts no
// more.
func (s *Store) ResetURLKey(ctx context.Context, m MailboxID, who AccountID) error {
	err := s.write(ctx, func(j *job) error {
		if _, err := readMailbox(j.tx, m); err != nil {
			return err
		}
		return j.newURLKey(m, who, `DO UPDATE SET key = excluded.key`)
	})
	if err != nil {
		return fmt.Errorf("make another key for URLs of mailbox %d: %w", m, err)
	}
	return nil
}

func (j *job) newURLKey(m MailboxID, who AccountID, ifThere string) error {
	key := make([]byte, urlKeySize)
	_, _ = rand.Read(key) // never fails
	_, err := j.tx.Exec(`INSERT INTO url_key (account, mailbox, key) VALUES (?, ?, ?) ON CONFLICT `+ifThere,
		int64(who), int64(m), key)
	return err
}

// RemoveURLKeys removes all keys of somebody.
func (s *Store) RemoveURLKeys(ctx context.Context, who AccountID) error {
	err := s.write(ctx, func(j *job) error { return j.removeURLKeys(who) })
	if err != nil {
		return fmt.Errorf("remove the keys for URLs of account %d: %w", who, err)
	}
	return nil
}

func (j *job) removeURLKeys(who AccountID) error {
	_, err := j.tx.Exec(`DELETE FROM url_key WHERE account = ?`, int64(who))
	return err
}
