package imapd

import (
	"context"
	"errors"
	"math"

	"github.com/emersion/go-imap/v2"
	"letterbox/directory"
	"letterbox/imapd/wire"
	"letterbox/quota"
	"letterbox/store"
)

// Quotas (RFC 9208). Every account is one quota root, named by its address: all
// mailboxes of the account count for it.

// storageUnit is what STORAGE is counted in.
const storageUnit = 1024

// getQuota runs GETQUOTA (RFC 9208 section 4.1.1).
func getQuota(ctx context.Context, s *session, d *wire.Decoder, _ *call) error {
	d.SP()
	root := d.AString()
	if err := d.End(); err != nil {
		return err
	}
	owner, err := s.quotaRoot(ctx, root)
	if err != nil {
		return err
	}
	return s.tellQuota(ctx, owner)
}

// getQuotaRoot runs GETQUOTAROOT (RFC 9208 section 4.1.2). The mailbox need not
// exist.
func getQuotaRoot(ctx context.Context, s *session, d *wire.Decoder, _ *call) error {
	d.SP()
	name := d.Mailbox()
	if err := d.End(); err != nil {
		return err
	}
	owner, err := s.quotaOwner(ctx, name)
	if err != nil {
		return err
	}
	s.enc.Text("* QUOTAROOT ")
	s.enc.Mailbox(name)
	s.enc.SP()
	s.enc.String(owner.Address)
	s.enc.CRLF()
	return s.tellQuota(ctx, owner)
}

// quotaOwner finds whose quota a mailbox counts for. Of others' it tells who may
// read them (RFC 9208 section 6).
func (s *session) quotaOwner(ctx context.Context, name string) (*directory.User, error) {
	p, err := s.place(ctx, name)
	if err != nil || p.own() {
		return s.user, err
	}
	if _, err := s.mailbox(ctx, name, store.Read); err != nil {
		return nil, err
	}
	return s.srv.cfg.Directory.UserByID(ctx, int64(p.account))
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
	owner, err := s.quotaRoot(ctx, root)
	if err != nil {
		return err
	}
	if err := s.srv.cfg.Store.SetLimit(ctx, store.AccountID(owner.ID), limit.Own()); err != nil {
		return err
	}
	err = s.srv.cfg.Directory.Record(s.acting(ctx), directory.Event{Action: "quota.set", Subject: owner.Address, Detail: limit.String()})
	if err != nil {
		return err
	}
	return s.tellQuota(ctx, owner)
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

// quotaRoot finds whose root that is: one's own, that of somebody whose mail the
// user may read, or any for administrators. What others have is not even confirmed to exist.
func (s *session) quotaRoot(ctx context.Context, root string) (*directory.User, error) {
	absent := no(imap.ResponseCodeNonExistent, "no such quota root; GETQUOTAROOT tells that of a mailbox")
	owner, err := s.srv.cfg.Directory.User(ctx, root)
	if errors.Is(err, directory.ErrNoSuchUser) || errors.Is(err, directory.ErrBadAddress) {
		return nil, absent
	}
	if err != nil || owner.ID == s.user.ID {
		return owner, err
	}
	if admin, err := s.isAdmin(ctx); err != nil || admin {
		return owner, err
	}
	mailboxes, err := s.srv.cfg.Store.Shared(ctx, s.account())
	if err != nil {
		return nil, err
	}
	for _, m := range mailboxes {
		if m.Account == store.AccountID(owner.ID) && m.Rights.Has(store.Read) {
			return owner, nil
		}
	}
	return nil, absent
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
func (s *session) tellQuota(ctx context.Context, owner *directory.User) error {
	usage, limit, err := s.srv.cfg.Store.Usage(ctx, store.AccountID(owner.ID))
	if err != nil {
		return err
	}
	s.enc.Text("* QUOTA ")
	s.enc.String(owner.Address)
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
