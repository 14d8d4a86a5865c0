package imapd

import (
	"context"
	"errors"
	"math"
	"strings"

	"github.com/emersion/go-imap/v2"
	"letterbox/directory"
	"letterbox/imapd/wire"
	"letterbox/quota"
	"letterbox/store"
)

// A quotaRoot is what has a limit (RFC 9208 section 3). Every account is one, named
// by its address: all its mailboxes count for it. A mailbox that has a limit of its
// own is one more, named by the address and its name behind a slash, in modified
// UTF-7 so that every client can ask for it.
type quotaRoot struct {
	owner   *directory.User
	mailbox *store.Mailbox // nil: the whole account
}

func (r quotaRoot) name() string {
	if r.mailbox == nil {
		return r.owner.Address
	}
	return r.owner.Address + "/" + wire.EncodeUTF7(r.mailbox.Name)
}

// splitRoot takes the name of a root apart. A local part may have a slash, a domain
// has none.
func splitRoot(root string) (address, mailbox string, ofMailbox bool) {
	local, rest, _ := strings.Cut(root, "@")
	domain, mailbox, ofMailbox := strings.Cut(rest, "/")
	return local + "@" + domain, mailbox, ofMailbox
}

// storageUnit is what STORAGE is counted in.
const storageUnit = 1024

// getQuota runs GETQUOTA (RFC 9208 section 4.1.1).
func getQuota(ctx context.Context, s *session, d *wire.Decoder, _ *call) error {
	d.SP()
	root := d.AString()
	if err := d.End(); err != nil {
		return err
	}
	r, err := s.quotaRoot(ctx, root)
	if err != nil {
		return err
	}
	if r.mailbox != nil && r.mailbox.Limit == (quota.Limit{}) {
		return errNoRoot()
	}
	return s.tellQuota(ctx, r)
}

// getQuotaRoot runs GETQUOTAROOT (RFC 9208 section 4.1.2). The mailbox need not
// exist.
func getQuotaRoot(ctx context.Context, s *session, d *wire.Decoder, _ *call) error {
	d.SP()
	name := d.Mailbox()
	if err := d.End(); err != nil {
		return err
	}
	roots, err := s.quotaRoots(ctx, name)
	if err != nil {
		return err
	}
	s.enc.Text("* QUOTAROOT ")
	s.enc.Mailbox(name)
	for _, r := range roots {
		s.enc.SP()
		s.enc.String(r.name())
	}
	s.enc.CRLF()
	for _, r := range roots {
		if err := s.tellQuota(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// quotaRoots finds what a mailbox counts for. Of others' it tells who may read
// them (RFC 9208 section 6).
func (s *session) quotaRoots(ctx context.Context, name string) ([]quotaRoot, error) {
	p, err := s.place(ctx, name)
	if err != nil {
		return nil, err
	}
	owner := s.user
	if !p.own() {
		if _, err := s.mailbox(ctx, name, store.Read); err != nil {
			return nil, err
		}
		if owner, err = s.srv.cfg.Directory.UserByID(ctx, int64(p.account)); err != nil {
			return nil, err
		}
	}
	roots := []quotaRoot{{owner: owner}}
	m, err := s.srv.cfg.Store.Mailbox(ctx, p.account, p.name)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return roots, nil
	case err != nil:
		return nil, err
	case m.Limit != (quota.Limit{}):
		roots = append(roots, quotaRoot{owner, m})
	}
	return roots, nil
}

// setQuota runs SETQUOTA (RFC 9208 section 4.1.3), for administrators. What is
// not listed becomes unlimited.
func setQuota(ctx context.Context, s *session, d *wire.Decoder, _ *call) error {
	d.SP()
	root := d.AString()
	d.SP()
	limit, refused := readLimits(d)
	if err := d.End(); err != nil {
		return err
	}
	admin, err := s.isAdmin(ctx)
	switch {
	case err != nil:
		return err
	case !admin:
		return no(imap.ResponseCodeNoPerm, "only administrators set quotas")
	case refused != nil:
		return refused
	}
	r, err := s.quotaRoot(ctx, root)
	if err != nil {
		return err
	}
	if err := s.setLimit(ctx, &r, limit); err != nil {
		return err
	}
	err = s.srv.cfg.Directory.Record(s.acting(ctx), directory.Event{Action: "quota.set", Subject: r.name(), Detail: limit.String()})
	if err != nil {
		return err
	}
	return s.tellQuota(ctx, r)
}

// setLimit sets that of an account or of a mailbox.
func (s *session) setLimit(ctx context.Context, r *quotaRoot, limit quota.Limit) error {
	account := store.AccountID(r.owner.ID)
	if r.mailbox == nil {
		return s.srv.cfg.Store.SetLimit(ctx, account, limit.Own())
	}
	if limit.Mailboxes > 0 {
		return no(imap.ResponseCodeCannot, "of a mailbox STORAGE and MESSAGE are counted")
	}
	r.mailbox.Limit = limit
	return s.srv.cfg.Store.SetMailboxLimit(ctx, account, r.mailbox.Name, limit)
}

// readLimits reads the list of SETQUOTA. refused says what in it cannot be done,
// which is no mistake of syntax.
func readLimits(d *wire.Decoder) (limit quota.Limit, refused error) {
	d.List(func() {
		name := d.Keyword()
		d.SP()
		n := int64(d.Number64())
		switch name {
		case quota.Storage:
			limit.Bytes = min(n, math.MaxInt64/storageUnit) * storageUnit
		case quota.Message:
			limit.Messages = n
		case quota.Mailbox:
			limit.Mailboxes = n
		default:
			refused = no(imap.ResponseCodeCannot, "%.40s is not counted here; STORAGE, MESSAGE and MAILBOX are", name)
		}
		if n == 0 {
			// RFC 9208 section 3.1.2: nothing at all. The store knows no such limit.
			refused = no(imap.ResponseCodeCannot, "a limit is above zero; leave %.40s out to lift its limit", name)
		}
	})
	return limit, refused
}

func errNoRoot() error {
	return no(imap.ResponseCodeNonExistent, "no such quota root; GETQUOTAROOT tells those of a mailbox")
}

// quotaRoot finds a root by its name: one's own, that of somebody whose mail the
// user may read, or any for administrators. What others have is not even confirmed
// to exist. A mailbox that could become a root is one too.
func (s *session) quotaRoot(ctx context.Context, root string) (quotaRoot, error) {
	address, name, ofMailbox := splitRoot(root)
	owner, err := s.srv.cfg.Directory.User(ctx, address)
	if errors.Is(err, directory.ErrNoSuchUser) || errors.Is(err, directory.ErrBadAddress) {
		return quotaRoot{}, errNoRoot()
	}
	if err != nil {
		return quotaRoot{}, err
	}
	r := quotaRoot{owner: owner}
	if ofMailbox {
		if name, err = wire.DecodeUTF7(name); err != nil {
			return r, errNoRoot()
		}
		r.mailbox, err = s.srv.cfg.Store.Mailbox(ctx, store.AccountID(owner.ID), name)
		if errors.Is(err, store.ErrNotFound) {
			return r, errNoRoot()
		}
		if err != nil {
			return r, err
		}
	}
	return r, s.maySeeRoot(ctx, r)
}

// maySeeRoot fails as if the root were not there.
func (s *session) maySeeRoot(ctx context.Context, r quotaRoot) error {
	if r.owner.ID == s.user.ID {
		return nil
	}
	if admin, err := s.isAdmin(ctx); err != nil || admin {
		return err
	}
	mailboxes, err := s.srv.cfg.Store.Shared(ctx, s.account())
	if err != nil {
		return err
	}
	for _, m := range mailboxes {
		within := m.Account == store.AccountID(r.owner.ID) && (r.mailbox == nil || r.mailbox.ID == m.ID)
		if within && m.Rights.Has(store.Read) {
			return nil
		}
	}
	return errNoRoot()
}

// isAdmin asks anew: a role may be taken away while a session goes on.
func (s *session) isAdmin(ctx context.Context) (bool, error) {
	now, err := s.srv.cfg.Directory.UserByID(ctx, s.user.ID)
	if err != nil {
		return false, err
	}
	return now.Role == "admin" && !now.Disabled, nil
}

// acting is a context in which the audit log names the user.
func (s *session) acting(ctx context.Context) context.Context {
	return directory.ActingAs(ctx, s.user.Address, s.peer)
}

// tellQuota writes the QUOTA response: only what is limited (RFC 9208 section
// 4.2.1).
func (s *session) tellQuota(ctx context.Context, r quotaRoot) error {
	usage, limit, err := s.srv.cfg.Store.Usage(ctx, store.AccountID(r.owner.ID))
	if err != nil {
		return err
	}
	if r.mailbox != nil {
		usage, limit = r.mailbox.Usage(), r.mailbox.Limit
	}
	s.enc.Text("* QUOTA ")
	s.enc.String(r.name())
	s.enc.Text(" (")
	first := true
	for _, r := range limit.Resources(usage) {
		if r.Limit == 0 {
			continue
		}
		if !first {
			s.enc.SP()
		}
		first = false
		s.tellResource(r)
	}
	s.enc.Text(")\r\n")
	return nil
}

// tellResource rounds so that what is full looks full.
func (s *session) tellResource(r quota.Resource) {
	if r.Name == quota.Storage {
		r.Used = (r.Used + storageUnit - 1) / storageUnit
		r.Limit /= storageUnit
	}
	s.enc.Text(r.Name + " ")
	s.enc.Number(uint64(r.Used))
	s.enc.SP()
	s.enc.Number(uint64(r.Limit))
}
