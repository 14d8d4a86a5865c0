package imapd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/emersion/go-imap/v2"
	"golang.org/x/text/unicode/norm"
	"letterbox/directory"
	"letterbox/imapd/wire"
	"letterbox/store"
)

// Mailboxes of others stand in namespaces of their own (RFC 2342), below the
// address of the account that they are in: "Other Users/ben@example.org/INBOX",
// "Shared/info@example.org/INBOX".
const (
	otherUsers = "Other Users" // those of people
	shared     = "Shared"      // those of teams
)

// namespace runs NAMESPACE (RFC 9051 section 6.3.10).
func namespace(_ context.Context, s *session, d *wire.Decoder, _ *call) error {
	if err := d.End(); err != nil {
		return err
	}
	s.enc.Text("* NAMESPACE ((\"\" \"/\")) ((\"" + otherUsers + "/\" \"/\")) ((\"" + shared + "/\" \"/\"))\r\n")
	return nil
}

// A place is the name of a mailbox as a client writes it, taken apart.
type place struct {
	account store.AccountID
	name    string // within the account, as it was written
	prefix  string // what stands before it to this client, with a "/"; "" for the user's own
}

// own reports whether it is a name in the user's own account.
func (p place) own() bool { return p.prefix == "" }

// place takes a name apart. A name that only looks like that of somebody else's
// mailbox is the user's own: they may have had folders of that name before.
func (s *session) place(ctx context.Context, name string) (place, error) {
	return s.visitor().place(ctx, name)
}

// A visitor is somebody in whose name mailboxes are looked for: the user of a
// session, or whoever authorized a URL.
type visitor struct {
	srv  *Server
	user *directory.User
}

func (s *session) visitor() visitor { return visitor{s.srv, s.user} }

func (v visitor) account() store.AccountID { return store.AccountID(v.user.ID) }

func (v visitor) place(ctx context.Context, name string) (place, error) {
	mine := place{account: v.account(), name: name}
	space, rest, ok := strings.Cut(norm.NFC.String(name), string(store.Delimiter))
	if !ok || space != otherUsers && space != shared {
		return mine, nil
	}
	level, inner, _ := strings.Cut(rest, string(store.Delimiter))
	owner, err := v.srv.cfg.Directory.User(ctx, addressOf(level))
	switch {
	case errors.Is(err, directory.ErrNoSuchUser), errors.Is(err, directory.ErrBadAddress):
		return mine, nil
	case err != nil:
		return mine, err
	case owner.ID == v.user.ID, owner.Team != (space == shared):
		return mine, nil
	}
	return place{account: store.AccountID(owner.ID), name: inner, prefix: prefixOf(owner)}, nil
}

// prefixOf is what stands before the names of an account's mailboxes to others.
func prefixOf(owner *directory.User) string {
	space := otherUsers
	if owner.Team {
		space = shared
	}
	return space + string(store.Delimiter) + levelOf(owner.Address) + string(store.Delimiter)
}

// levelOf is an address as a level of a name: what a level cannot hold is
// written as in quoted-printable.
func levelOf(address string) string {
	return strings.NewReplacer("=", "=3D", "/", "=2F", "*", "=2A", "%", "=25").Replace(address)
}

// addressOf reverses levelOf.
func addressOf(level string) string {
	return strings.NewReplacer("=3D", "=", "=2F", "/", "=2A", "*", "=25", "%").Replace(level)
}

// accountPrefix is what of a name is no part of it in the account that it is in:
// the first two levels of mailboxes of others.
func accountPrefix(name string) string {
	space, rest, _ := strings.Cut(name, string(store.Delimiter))
	level, _, ok := strings.Cut(rest, string(store.Delimiter))
	if !ok || space != otherUsers && space != shared {
		return ""
	}
	return space + string(store.Delimiter) + level + string(store.Delimiter)
}

// full is the whole name in the form that is kept.
func (p place) full() (string, error) {
	name, err := store.ValidName(p.name)
	return p.prefix + name, err
}

// mailbox finds a mailbox by the name that the client wrote, on which the user
// must have the rights. Its Name is the one that the client knows.
func (s *session) mailbox(ctx context.Context, name string, need store.Rights) (*store.Mailbox, error) {
	m, _, err := s.find(ctx, name, need)
	return m, err
}

// find is mailbox with the place at which it is.
func (s *session) find(ctx context.Context, name string, need store.Rights) (*store.Mailbox, place, error) {
	return s.visitor().find(ctx, name, need)
}

func (v visitor) find(ctx context.Context, name string, need store.Rights) (*store.Mailbox, place, error) {
	p, err := v.place(ctx, name)
	if err != nil {
		return nil, p, err
	}
	m, err := v.srv.cfg.Store.Mailbox(ctx, p.account, p.name)
	if p.own() || err != nil {
		if errors.Is(err, store.ErrNotFound) {
			err = absent(name)
		}
		return m, p, err
	}
	if m.Rights, err = v.srv.cfg.Store.Rights(ctx, m.ID, v.account()); err != nil {
		return nil, p, err
	}
	m.Name = p.prefix + m.Name
	m.SpecialUse = "" // it is one to its owner
	if m.OwnSeen {
		if m.Unseen, err = v.srv.cfg.Store.UnseenBy(ctx, m.ID, v.account()); err != nil {
			return nil, p, err
		}
	}
	return m, p, permit(m.Rights, need, name)
}

// absent says that there is no mailbox, and must sound the same when it is
// there and the user may not know (RFC 4314 section 6).
func absent(name string) error { return fmt.Errorf("mailbox %q: %w", name, store.ErrNotFound) }

// permit fails unless need is among the rights on a mailbox. Who has no right to
// see it does not hear that it exists.
func permit(r, need store.Rights, name string) error {
	switch {
	case r.Has(need):
		return nil
	case r.Has(store.Lookup):
		return noPermission(need &^ r)
	}
	return absent(name)
}

func noPermission(missing store.Rights) error {
	return no(imap.ResponseCodeNoPerm, "this takes the rights %q on the mailbox", missing.String())
}

// target finds the place of a mailbox that is to be made: below one on which the
// user may make others (RFC 4314 section 4). At the top of somebody else's
// account it is their INBOX that counts.
func (s *session) target(ctx context.Context, name string) (place, error) {
	nowhere := no(imap.ResponseCodeCannot, "mailboxes cannot be made in this namespace")
	p, err := s.place(ctx, name)
	if err != nil {
		return p, err
	}
	if p.own() {
		if space, _, _ := strings.Cut(norm.NFC.String(name), string(store.Delimiter)); space == otherUsers || space == shared {
			return p, nowhere
		}
		return p, nil
	}
	stored, err := store.ValidName(p.name)
	if err != nil {
		return p, nowhere
	}
	above, err := s.nearest(ctx, p.account, stored)
	if err != nil {
		return p, err
	}
	rights, err := s.srv.cfg.Store.Rights(ctx, above.ID, s.account())
	switch {
	case err != nil || rights.Has(store.CreateBelow):
		return p, err
	case rights.Has(store.Lookup):
		return p, noPermission(store.CreateBelow)
	}
	return p, nowhere
}

// nearest is the mailbox above a name that exists, INBOX if there is none.
func (s *session) nearest(ctx context.Context, a store.AccountID, name string) (*store.Mailbox, error) {
	for above := range ancestors(name) {
		m, err := s.srv.cfg.Store.Mailbox(ctx, a, above)
		if !errors.Is(err, store.ErrNotFound) {
			return m, err
		}
	}
	return s.srv.cfg.Store.Mailbox(ctx, a, inbox)
}

// visible returns every mailbox that the user can see: their own, then those of
// others, under the names that the client knows and with the user's rights. With
// them come the subscribed names without a mailbox.
func (s *session) visible(ctx context.Context) (mailboxes []store.Mailbox, dangling []string, err error) {
	mailboxes, dangling, err = s.srv.cfg.Store.Mailboxes(ctx, s.account())
	if err != nil {
		return nil, nil, err
	}
	others, err := s.ofOthers(ctx)
	if err != nil {
		return nil, nil, err
	}
	subscribed := map[string]bool{}
	for _, name := range dangling {
		subscribed[name] = true
	}
	for i := range others {
		m := &others[i]
		m.Subscribed = subscribed[m.Name]
		delete(subscribed, m.Name)
		m.HasChildren = i+1 < len(others) && strings.HasPrefix(others[i+1].Name, m.Name+string(store.Delimiter))
	}
	left := dangling[:0]
	for _, name := range dangling {
		if subscribed[name] {
			left = append(left, name)
		}
	}
	return append(mailboxes, others...), left, nil
}

// ofOthers returns the mailboxes of others that the user can see.
func (s *session) ofOthers(ctx context.Context) ([]store.Mailbox, error) {
	granted, err := s.srv.cfg.Store.Shared(ctx, s.account())
	if err != nil {
		return nil, err
	}
	prefixes := map[store.AccountID]string{}
	var list []store.Mailbox
	for _, m := range granted {
		prefix, known := prefixes[m.Account]
		if !known {
			owner, err := s.srv.cfg.Directory.UserByID(ctx, int64(m.Account))
			if err != nil && !errors.Is(err, directory.ErrNoSuchUser) {
				return nil, err
			}
			if err == nil {
				prefix = prefixOf(owner)
			}
			prefixes[m.Account] = prefix
		}
		if prefix == "" || !m.Rights.Has(store.Lookup) {
			continue
		}
		m.Name, m.SpecialUse = prefix+m.Name, ""
		list = append(list, m)
	}
	return list, nil
}
