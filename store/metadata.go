package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
	"letterbox/quota"
)

// An Annotation is a named value that clients keep with a mailbox or with the
// server (RFC 5464). Names begin with /private, and are the reader's own then,
// or with /shared. They are compared without case.
type Annotation struct {
	Name  string
	Value []byte // nil: none
}

// ServerMetadata stands in the place of a mailbox for annotations of the server.
const ServerMetadata MailboxID = 0

// Limits on annotations (RFC 5464 section 4.1 asks for 1024 bytes and 10 at
// least).
const (
	MaxAnnotation     = 16 << 10 // bytes of a value
	MaxAnnotations    = 100      // of a mailbox, shared; and private, of each reader
	maxAnnotationName = 255
)

var (
	ErrBadEntry           = errors.New("not the name of an annotation")
	ErrTooManyAnnotations = errors.New("there is no room for another annotation; remove one first")
	ErrReadOnlyAnnotation = errors.New("this annotation cannot be changed")
)

// SpecialUseEntry is the annotation that tells and sets a mailbox's special use
// (RFC 6154 section 4). It is not kept with the others.
const SpecialUseEntry = "/private/specialuse"

// ValidEntry fails with an ErrBadEntry for what is no annotation's name (RFC
// 5464 section 3.2). The top levels, under which others stand, are names too.
func ValidEntry(name string) error {
	bad := func(r rune) bool { return r <= ' ' || r > '~' || r == '*' || r == '%' }
	top, _, _ := strings.Cut(strings.TrimPrefix(name, "/"), "/")
	switch {
	case len(name) > maxAnnotationName:
		return fmt.Errorf("%w: it is longer than %d bytes", ErrBadEntry, maxAnnotationName)
	case !strings.HasPrefix(name, "/") || !strings.EqualFold(top, "private") && !strings.EqualFold(top, "shared"):
		return fmt.Errorf("%w: it does not begin with /private/ or /shared/", ErrBadEntry)
	case strings.HasSuffix(name, "/") || strings.Contains(name, "//"):
		return fmt.Errorf("%w: a level of it is empty", ErrBadEntry)
	case strings.ContainsFunc(name, bad):
		return fmt.Errorf("%w: it contains a space, '*', '%%', or a character that is no ASCII", ErrBadEntry)
	}
	return nil
}

// settable fails for names that are valid, and too short to hold a value (RFC
// 5464 section 3.2: two levels, four below vendor).
func settable(name string) error {
	if err := ValidEntry(name); err != nil {
		return err
	}
	levels := strings.Split(name[1:], "/")
	if len(levels) < 2 || strings.EqualFold(levels[1], "vendor") && len(levels) < 4 {
		return fmt.Errorf("%w: it has too few levels", ErrBadEntry)
	}
	return nil
}

// IsPrivate tells /private from /shared.
func IsPrivate(entry string) bool {
	return len(entry) > 8 && strings.EqualFold(entry[:9], "/private/") || strings.EqualFold(entry, "/private")
}

// Metadata returns what a reader may see of a mailbox's annotations, or of the
// server's (ServerMetadata): the shared ones and the reader's own, by name.
func (s *Store) Metadata(ctx context.Context, m MailboxID, reader AccountID) (all []Annotation, err error) {
	err = s.db.Read(ctx, func(c *database.Conn) error {
		all, err = queryAll(c, scanAnnotation, `
			SELECT name, value FROM metadata WHERE mailbox = ? AND account IN (0, ?) ORDER BY name`, int64(m), int64(reader))
		if err != nil || m == ServerMetadata {
			return err
		}
		row, err := readMailbox(c, m)
		if row.SpecialUse != "" && row.Account == reader {
			all = append(all, Annotation{SpecialUseEntry, []byte(row.SpecialUse)})
			slices.SortFunc(all, func(a, b Annotation) int {
				return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
			})
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read annotations of mailbox %d: %w", m, err)
	}
	return all, nil
}

func scanAnnotation(row scanner) (a Annotation, err error) {
	err = row.Scan(&a.Name, &a.Value)
	a.Value = notNil(a.Value)
	return a, err
}

// Annotation returns one value, nil for none.
func (s *Store) Annotation(ctx context.Context, m MailboxID, reader AccountID, name string) (value []byte, err error) {
	err = s.db.Read(ctx, func(c *database.Conn) error {
		err := c.QueryRow(`SELECT value FROM metadata WHERE mailbox = ? AND account = ? AND name = ?`,
			int64(m), keeper(name, reader), name).Scan(&value)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		value = notNil(value)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read annotation %s of mailbox %d: %w", name, m, err)
	}
	return value, nil
}

// keeper is the account that an entry is kept under.
func keeper(name string, reader AccountID) int64 {
	if IsPrivate(name) {
		return int64(reader)
	}
	return 0
}

// SetMetadata sets annotations, or removes those without a value: all or none.
// ErrBadEntry, ErrTooLarge, ErrTooManyAnnotations, ErrNotFound, ErrSpecialUse,
// ErrReadOnlyAnnotation. Who may set shared ones is the caller's to say.
func (s *Store) SetMetadata(ctx context.Context, m MailboxID, by AccountID, entries []Annotation) error {
	for _, e := range entries {
		if err := settable(e.Name); err != nil {
			return fmt.Errorf("annotation %q: %w", e.Name, err)
		}
		if len(e.Value) > MaxAnnotation {
			return fmt.Errorf("annotation %s: %w: limit is %d bytes", e.Name, ErrTooLarge, MaxAnnotation)
		}
		if strings.EqualFold(e.Name, RetentionEntry) {
			if err := checkRetention(e.Value); err != nil {
				return fmt.Errorf("annotation %s: %w", e.Name, err)
			}
		}
	}
	err := s.write(ctx, func(j *job) error {
		owner := by
		if m != ServerMetadata {
			row, err := readMailbox(j.tx, m)
			if err != nil {
				return err
			}
			owner = row.Account
		}
		for _, e := range entries {
			if err := j.annotate(m, by, e); err != nil {
				return fmt.Errorf("annotation %s: %w", e.Name, err)
			}
		}
		j.lists = append(j.lists, owner)
		return j.checkAnnotations(m, by, entries)
	})
	if err != nil {
		return fmt.Errorf("annotate mailbox %d: %w", m, err)
	}
	return nil
}

// annotate sets or removes one value.
func (j *job) annotate(m MailboxID, by AccountID, e Annotation) error {
	if m != ServerMetadata && strings.EqualFold(e.Name, SpecialUseEntry) {
		return j.setSpecialUse(m, by, imap.MailboxAttr(bytes.TrimSpace(e.Value)))
	}
	if e.Value == nil {
		_, err := j.tx.Exec(`DELETE FROM metadata WHERE mailbox = ? AND account = ? AND name = ?`,
			int64(m), keeper(e.Name, by), e.Name)
		return err
	}
	_, err := j.tx.Exec(`
		INSERT INTO metadata (mailbox, account, name, value) VALUES (?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET value = excluded.value`,
		int64(m), keeper(e.Name, by), e.Name, e.Value)
	return err
}

// checkAnnotations fails when the entries that were set have made too many. What
// is too many already may still be changed and removed.
func (j *job) checkAnnotations(m MailboxID, by AccountID, set []Annotation) error {
	for _, account := range []int64{0, int64(by)} {
		added := slices.ContainsFunc(set, func(e Annotation) bool { return e.Value != nil && keeper(e.Name, by) == account })
		var n int
		err := j.tx.QueryRow(`SELECT count(*) FROM metadata WHERE mailbox = ? AND account = ?`, int64(m), account).Scan(&n)
		if err != nil {
			return err
		}
		if added && n > MaxAnnotations {
			return ErrTooManyAnnotations
		}
	}
	return nil
}

// setSpecialUse gives a mailbox its special use, which another mailbox loses if
// it had it (RFC 6154 section 5.4). Only its owner can: to others it means
// nothing.
func (j *job) setSpecialUse(m MailboxID, by AccountID, use imap.MailboxAttr) error {
	c, err := j.change(m)
	if err != nil {
		return err
	}
	if c.Account != by {
		return ErrReadOnlyAnnotation
	}
	before, err := queryAll(j.tx, scanID, `SELECT id FROM mailbox WHERE account = ? AND special_use = ? AND special_use <> ''`,
		int64(by), string(use))
	if err != nil {
		return err
	}
	for _, id := range before {
		if err := j.use(MailboxID(id), ""); err != nil {
			return err
		}
	}
	return j.use(m, use)
}

func (j *job) use(m MailboxID, use imap.MailboxAttr) error {
	c, err := j.change(m)
	if err != nil {
		return err
	}
	if _, err := j.stamp(c); err != nil {
		return err
	}
	c.SpecialUse = use
	if !mayBeLimited(use) {
		if err := j.bound(c, quota.Limit{}); err != nil {
			return err
		}
	}
	_, err = j.tx.Exec(`UPDATE mailbox SET special_use = ? WHERE id = ?`, string(use), int64(m))
	return err
}

// copyMetadata gives one mailbox the annotations of another.
func (j *job) copyMetadata(from, to MailboxID) error {
	_, err := j.tx.Exec(`
		INSERT INTO metadata (mailbox, account, name, value)
		SELECT ?, account, name, value FROM metadata WHERE mailbox = ?`, int64(to), int64(from))
	return err
}
