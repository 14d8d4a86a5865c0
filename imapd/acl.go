package imapd

import (
	"context"
	"errors"
	"strings"

	"github.com/emersion/go-imap/v2"
	"letterbox/directory"
	"letterbox/imapd/wire"
	"letterbox/store"
)

// Rights on mailboxes (RFC 4314). Identifiers are addresses of users, and
// "anyone". There are no negative rights.

const anyone = "anyone"

// getACL runs GETACL (RFC 4314 section 3.3).
func getACL(ctx context.Context, s *session, d *wire.Decoder, _ *call) error {
	d.SP()
	name := d.Mailbox()
	if err := d.End(); err != nil {
		return err
	}
	m, err := s.mailbox(ctx, name, store.Administer)
	if err != nil {
		return err
	}
	grants, err := s.srv.cfg.Store.Grants(ctx, m.ID)
	if err != nil {
		return err
	}
	grants = append([]store.Grant{{Account: m.Account, Rights: store.AllRights}}, grants...)
	s.enc.Text("* ACL ")
	s.enc.Mailbox(m.Name)
	for _, g := range grants {
		identifier, err := s.identifier(ctx, g.Account)
		if err != nil {
			return err
		}
		if identifier == "" {
			continue
		}
		s.enc.SP()
		s.enc.String(identifier)
		s.enc.Text(" " + g.Rights.Compatible())
	}
	s.enc.CRLF()
	return nil
}

// identifier names an account; "" for one that is no more, and for a team, which
// is nobody.
func (s *session) identifier(ctx context.Context, a store.AccountID) (string, error) {
	if a == store.Anyone {
		return anyone, nil
	}
	user, err := s.srv.cfg.Directory.UserByID(ctx, int64(a))
	if errors.Is(err, directory.ErrNoSuchUser) || err == nil && user.Team {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return user.Address, nil
}

// identified finds whom an identifier means.
func (s *session) identified(ctx context.Context, identifier string) (store.AccountID, error) {
	switch {
	case identifier == anyone:
		return store.Anyone, nil
	case identifier == "":
		return 0, bad("an identifier is the address of a user, or anyone")
	case strings.HasPrefix(identifier, "-"):
		return 0, no(imap.ResponseCodeCannot, "there are no negative rights here")
	}
	user, err := s.srv.cfg.Directory.UserNamed(ctx, identifier)
	if errors.Is(err, directory.ErrNoSuchUser) || err == nil && user.Team {
		return 0, no(imap.ResponseCodeNonExistent, "no such user; an identifier is the address of a user, or anyone")
	}
	if err != nil {
		return 0, err
	}
	return store.AccountID(user.ID), nil
}

// setACL runs SETACL (RFC 4314 section 3.1).
func setACL(ctx context.Context, s *session, d *wire.Decoder, _ *call) error {
	d.SP()
	name := d.Mailbox()
	d.SP()
	identifier := d.AString()
	d.SP()
	letters := d.AString()
	if err := d.End(); err != nil {
		return err
	}
	change, err := rightsChange(letters)
	if err != nil {
		return bad("%v", err)
	}
	return s.grant(ctx, name, identifier, letters, change)
}

// rightsChange reads the last argument of SETACL: rights, or with a sign what is
// added to or taken from those that are there.
func rightsChange(letters string) (func(store.Rights) store.Rights, error) {
	sign := ""
	if strings.HasPrefix(letters, "+") || strings.HasPrefix(letters, "-") {
		sign, letters = letters[:1], letters[1:]
	}
	r, err := store.ParseRights(letters)
	return func(before store.Rights) store.Rights {
		switch sign {
		case "+":
			return before | r
		case "-":
			return before &^ r
		}
		return r
	}, err
}

// deleteACL runs DELETEACL (RFC 4314 section 3.2).
func deleteACL(ctx context.Context, s *session, d *wire.Decoder, _ *call) error {
	name, identifier, err := readIdentifier(d)
	if err != nil {
		return err
	}
	return s.grant(ctx, name, identifier, "none", func(store.Rights) store.Rights { return 0 })
}

// readIdentifier reads a mailbox and an identifier.
func readIdentifier(d *wire.Decoder) (name, identifier string, err error) {
	d.SP()
	name = d.Mailbox()
	d.SP()
	identifier = d.AString()
	return name, identifier, d.End()
}

// grant changes somebody's rights and notes it in the audit log.
func (s *session) grant(ctx context.Context, name, identifier, what string, change func(store.Rights) store.Rights) error {
	m, p, err := s.find(ctx, name, store.Administer)
	if err != nil {
		return err
	}
	who, err := s.identified(ctx, identifier)
	if err != nil {
		return err
	}
	if who == m.Account {
		return no(imap.ResponseCodeCannot, "the owner of a mailbox may do everything")
	}
	if err := s.srv.cfg.Store.Grant(ctx, m.ID, who, change); err != nil {
		return err
	}
	subject := m.Name
	if p.own() {
		subject = prefixOf(s.user) + m.Name
	}
	return s.srv.cfg.Directory.Record(s.acting(ctx), directory.Event{
		Action: "share.set", Subject: subject, Detail: identifier + " " + what,
	})
}

// listRights runs LISTRIGHTS (RFC 4314 section 3.4): each right can be granted by
// itself, and the owner has them all.
func listRights(ctx context.Context, s *session, d *wire.Decoder, _ *call) error {
	name, identifier, err := readIdentifier(d)
	if err != nil {
		return err
	}
	m, err := s.mailbox(ctx, name, store.Administer)
	if err != nil {
		return err
	}
	who, err := s.identified(ctx, identifier)
	if err != nil {
		return err
	}
	s.enc.Text("* LISTRIGHTS ")
	s.enc.Mailbox(m.Name)
	s.enc.SP()
	s.enc.String(identifier)
	if who == m.Account {
		s.enc.Text(" " + store.AllRights.Compatible())
	} else {
		s.enc.Text(` ""`)
		for _, letter := range store.AllRights.Compatible() {
			s.enc.Text(" " + string(letter))
		}
	}
	s.enc.CRLF()
	return nil
}

// myRights runs MYRIGHTS (RFC 4314 section 3.5).
func myRights(ctx context.Context, s *session, d *wire.Decoder, _ *call) error {
	d.SP()
	name := d.Mailbox()
	if err := d.End(); err != nil {
		return err
	}
	m, err := s.mailbox(ctx, name, 0)
	if err != nil {
		return err
	}
	if !m.Rights.Any(store.Lookup | store.Read | store.Insert | store.CreateBelow | store.DeleteBox | store.Administer) {
		return absent(name)
	}
	s.tellMyRights(m)
	return nil
}

// tellMyRights writes the MYRIGHTS response.
func (s *session) tellMyRights(m *store.Mailbox) {
	s.enc.Text("* MYRIGHTS ")
	s.enc.Mailbox(m.Name)
	s.enc.Text(" " + m.Rights.Compatible())
	s.enc.CRLF()
}
