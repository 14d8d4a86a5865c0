package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"letterbox/database"
)

// Rights of others on a mailbox (RFC 4314). The owner of a mailbox may do
// everything and stands in no list; nobody owns the mailboxes of a team.
//
// Mailboxes are known by their ids whoever looks at them, and views are those of
// mailboxes, so that reading somebody else's mail takes nothing more than the
// right to. Whoever serves somebody asks for their rights and acts in their
// name; the methods here that take no such name act as the owner.

// Anyone stands for everybody who has signed in.
const Anyone AccountID = 0

// A Grant is what somebody may do with a mailbox.
type Grant struct {
	Account AccountID // or Anyone
	Rights  Rights
}

// An acl is the grants of a mailbox, by account. A slice of it never changes.
type acl []Grant

// rights are those of an account on a mailbox of owner.
func (l acl) rights(who, owner AccountID) Rights {
	if who == owner {
		return AllRights
	}
	var r Rights
	for _, g := range l {
		if g.Account == who || g.Account == Anyone {
			r |= g.Rights
		}
	}
	return r
}

func readACL(q querier, m MailboxID) (acl, error) {
	return queryAll(q, scanGrant, `SELECT account, rights FROM acl WHERE mailbox = ? ORDER BY account`, int64(m))
}

func scanGrant(row scanner) (g Grant, err error) {
	err = row.Scan(&g.Account, &g.Rights)
	return g, err
}

// Grants returns who may do what with a mailbox, beside its owner.
func (s *Store) Grants(ctx context.Context, m MailboxID) (list []Grant, err error) {
	err = s.db.Read(ctx, func(c *database.Conn) (err error) {
		if _, err := readMailbox(c, m); err != nil {
			return err
		}
		list, err = readACL(c, m)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("rights on mailbox %d: %w", m, err)
	}
	return list, nil
}

// Rights returns what an account may do with a mailbox; ErrNotFound.
func (s *Store) Rights(ctx context.Context, m MailboxID, who AccountID) (r Rights, err error) {
	err = s.db.Read(ctx, func(c *database.Conn) (err error) {
		r, err = rightsOn(c, m, who)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("rights on mailbox %d: %w", m, err)
	}
	return r, nil
}

func rightsOn(q querier, m MailboxID, who AccountID) (Rights, error) {
	row, err := readMailbox(q, m)
	if err != nil || row.Account == who {
		return AllRights, err
	}
	list, err := readACL(q, m)
	return list.rights(who, row.Account), err
}

// Grant changes the rights of somebody on a mailbox: change gets those that they
// have by name, and returns what they shall have; none takes them off the list.
// ErrNotFound.
func (s *Store) Grant(ctx context.Context, m MailboxID, who AccountID, change func(Rights) Rights) error {
	err := s.write(ctx, func(j *job) error { return j.grant(m, who, change) })
	if err != nil {
		return fmt.Errorf("grant rights on mailbox %d: %w", m, err)
	}
	return nil
}

func (j *job) grant(m MailboxID, who AccountID, change func(Rights) Rights) error {
	c, err := j.change(m)
	if err != nil {
		return err
	}
	list, err := readACL(j.tx, m)
	if err != nil {
		return err
	}
	var before Rights
	if i := slices.IndexFunc(list, func(g Grant) bool { return g.Account == who }); i >= 0 {
		before = list[i].Rights
	}
	if after := change(before) & AllRights; after != 0 {
		_, err = j.tx.Exec(`
			INSERT INTO acl (mailbox, account, rights) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET rights = excluded.rights`,
			int64(m), int64(who), int64(after))
	} else {
		_, err = j.tx.Exec(`DELETE FROM acl WHERE mailbox = ? AND account = ?`, int64(m), int64(who))
	}
	if err != nil {
		return err
	}
	// A stamp, so that views learn of it.
	if _, err := j.stamp(c); err != nil {
		return err
	}
	if who != Anyone {
		j.lists = append(j.lists, who)
	}
	c.grants, err = readACL(j.tx, m)
	c.granted = true
	return err
}

// inherit gives a new mailbox the rights of the one above it, or else those that
// the members of the account have (RFC 4314 section 4, CREATE).
func (j *job) inherit(m MailboxID, a AccountID, name string) error {
	query, from := `INSERT INTO acl (mailbox, account, rights) SELECT ?, member, rights FROM member WHERE account = ?`, int64(a)
	if i := strings.LastIndexByte(name, Delimiter); i >= 0 {
		parent, err := findMailbox(j.tx, a, name[:i])
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		if err == nil {
			query, from = `INSERT INTO acl (mailbox, account, rights) SELECT ?, account, rights FROM acl WHERE mailbox = ?`, int64(parent.ID)
		}
	}
	if _, err := j.tx.Exec(query, int64(m), from); err != nil {
		return err
	}
	list, err := readACL(j.tx, m)
	j.listsOf(list)
	return err
}

// listsOf notes that those who have the grants see another list of mailboxes.
func (j *job) listsOf(list acl) {
	for _, g := range list {
		if g.Account != Anyone {
			j.lists = append(j.lists, g.Account)
		}
	}
}

// SetMember gives somebody rights on every mailbox of an account, and on those
// that are made later; 0 takes them away. It overrules what was granted to them
// on single mailboxes.
func (s *Store) SetMember(ctx context.Context, a, member AccountID, r Rights) error {
	err := s.write(ctx, func(j *job) (err error) {
		if r == 0 {
			_, err = j.tx.Exec(`DELETE FROM member WHERE account = ? AND member = ?`, int64(a), int64(member))
		} else {
			_, err = j.tx.Exec(`
				INSERT INTO member (account, member, rights) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET rights = excluded.rights`,
				int64(a), int64(member), int64(r))
		}
		if err != nil {
			return err
		}
		ids, err := queryAll(j.tx, scanID, `SELECT id FROM mailbox WHERE account = ?`, int64(a))
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := j.grant(MailboxID(id), member, func(Rights) Rights { return r }); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("set member of account %d: %w", a, err)
	}
	return nil
}

// Members returns who has rights on every mailbox of an account.
func (s *Store) Members(ctx context.Context, a AccountID) (list []Grant, err error) {
	err = s.db.Read(ctx, func(c *database.Conn) (err error) {
		list, err = queryAll(c, scanGrant, `SELECT member, rights FROM member WHERE account = ? ORDER BY member`, int64(a))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("members of account %d: %w", a, err)
	}
	return list, nil
}

// forgetGrants removes what an account was granted anywhere, and its members.
func (j *job) forgetGrants(a AccountID) error {
	for _, query := range []string{
		`DELETE FROM acl WHERE account = ?`,
		`DELETE FROM member WHERE account = ?`,
		`DELETE FROM member WHERE member = ?`,
	} {
		if _, err := j.tx.Exec(query, int64(a)); err != nil {
			return err
		}
	}
	return nil
}

// Shared returns the mailboxes of others on which an account has any right, by
// account and name. Subscribed and HasChildren are not known.
func (s *Store) Shared(ctx context.Context, who AccountID) (list []Mailbox, err error) {
	claimed := s.claims.all()
	err = s.db.Read(ctx, func(c *database.Conn) error {
		rows, err := queryAll(c, scanShared, `
			SELECT id, account, name, special_use, uidvalidity, uidnext, modseq,
				messages, unseen, deleted, bytes, deleted_bytes, append_limit, limit_bytes, limit_messages, own_seen, history_from, recent_from, flags_at, granted.rights
			FROM (SELECT mailbox, max(CASE account WHEN 0 THEN 0 ELSE rights END) | max(CASE account WHEN 0 THEN rights ELSE 0 END) AS rights
				FROM acl WHERE account IN (0, ?1) GROUP BY mailbox) AS granted
			JOIN mailbox ON id = granted.mailbox
			WHERE account <> ?1`, int64(who))
		if err != nil {
			return err
		}
		for _, m := range rows {
			if m.Recent, err = countRecent(c, m, claimed[m.ID]); err != nil {
				return err
			}
			if m.Unseen, err = unseenBy(c, &m.Mailbox, who); err != nil {
				return err
			}
			list = append(list, m.Mailbox)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("mailboxes shared with account %d: %w", who, err)
	}
	slices.SortFunc(list, func(a, b Mailbox) int {
		if a.Account != b.Account {
			return int(a.Account - b.Account)
		}
		return compareNames(a.Name, b.Name)
	})
	return list, nil
}

func scanShared(row scanner) (m mailboxRow, err error) {
	var r Rights
	m, err = scanMailbox(row, &r)
	m.Rights = r
	return m, err
}

// A Share is one grant on one mailbox.
type Share struct {
	Owner   AccountID
	Mailbox string
	Grant
}

// Shares returns every grant on the mailboxes of an account, by mailbox.
func (s *Store) Shares(ctx context.Context, owner AccountID) (list []Share, err error) {
	scan := func(row scanner) (sh Share, err error) {
		err = row.Scan(&sh.Owner, &sh.Mailbox, &sh.Account, &sh.Rights)
		return sh, err
	}
	err = s.db.Read(ctx, func(c *database.Conn) (err error) {
		list, err = queryAll(c, scan, `
			SELECT m.account, m.name, a.account, a.rights FROM mailbox AS m JOIN acl AS a ON a.mailbox = m.id
			WHERE m.account = ? ORDER BY m.name, a.account`, int64(owner))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("what account %d shares: %w", owner, err)
	}
	return list, nil
}
