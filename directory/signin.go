package directory

import (
	"context"
	"fmt"

	"letterbox/database"
)

// Authenticate checks a password: the user's own, or an app password for the
// peer's door. ErrBadCredentials (also for unknown users, in the same time),
// *ThrottledError; only with the right password ErrDisabled, ErrSecondFactor (it is
// not enough) and ErrScope (it is for something else). Any other error means that
// it could not be checked. It may wait for its turn, as long as ctx lasts.
//
// The user name is the address, or its local part alone where only one domain
// is served.
func (d *Directory) Authenticate(ctx context.Context, p Peer, username, password string) (*User, error) {
	k, err := d.check(ctx, p, username, password)
	if err != nil {
		return nil, err
	}
	return d.admit(ctx, k)
}

// check finds out whose password it is; whether they may come in is admit's.
func (d *Directory) check(ctx context.Context, p Peer, username, password string) (*knock, error) {
	k, err := d.knock(ctx, p, username)
	if err != nil {
		return nil, err
	}
	leave, err := d.throttle.enter(ctx, k.visit)
	if err != nil {
		return nil, err
	}
	defer leave()
	attempt := d.throttle.attempt(k.visit, k.credential.version, password)
	if d.throttle.failedBefore(k.visit, attempt) {
		d.wrongPassword(k.address(), p.Remote, true, k.visit.known)
		return nil, ErrBadCredentials
	}
	if k.app, err = d.findAppPassword(ctx, k, password); err != nil || k.app != nil {
		return k, err
	}
	right, err := d.verify(ctx, k, password)
	if err != nil {
		return nil, fmt.Errorf("check password: %w", err)
	}
	if !right {
		return nil, d.refuse(ctx, k, attempt)
	}
	k.own = true
	return k, nil
}

// verify compares the password with what is kept. It computes argon2id once for
// every name, unless the same password was right for it a short while ago.
func (d *Directory) verify(ctx context.Context, k *knock, password string) (bool, error) {
	prepared, unusable := preparePassword(password)
	entry := d.verified.entry(k.id(), k.credential.version, prepared)
	if d.verified.has(d.now(), entry) {
		return true, nil
	}
	right, outdated, err := d.compute(ctx, k, entry, prepared)
	if err != nil || !right || unusable != nil || k.user == nil {
		return false, err
	}
	d.verified.add(d.now(), entry)
	if outdated || k.credential.scram.KeyFactors != d.keyFactors(k.user.Address) {
		if err := d.renewCredential(ctx, k.user, k.credential.version, prepared); err != nil {
			d.log.WarnContext(ctx, "password hash not renewed", "account", k.user.ID, "error", err)
		}
	}
	return true, nil
}

// compute waits for its turn and compares, unless somebody else did meanwhile:
// clients open several connections at once.
func (d *Directory) compute(ctx context.Context, k *knock, entry verifiedEntry, prepared string) (right, outdated bool, err error) {
	done, err := d.hasher.slot(ctx)
	if err != nil {
		return false, false, err
	}
	defer done()
	if d.verified.has(d.now(), entry) {
		return true, false, nil
	}
	return d.hasher.verify(k.credential.argon2id, prepared)
}

// refuse counts a wrong attempt and writes it down, also when the client is gone
// by now.
func (d *Directory) refuse(ctx context.Context, k *knock, attempt fingerprint) error {
	begins := d.throttle.fail(k.visit, attempt)
	if k.visit.code {
		d.wrongCode(k.address(), k.peer.Remote, k.visit.known)
	} else {
		d.wrongPassword(k.address(), k.peer.Remote, false, k.visit.known)
	}
	e := Event{Actor: "unknown", Action: "signin.bad", Subject: k.typed, Remote: k.peer.from(), Detail: k.peer.Protocol}
	err := d.db.Write(context.WithoutCancel(ctx), func(tx *database.Tx) error {
		if err := d.audit(ctx, tx, e); err != nil || !begins {
			return err
		}
		e.Action = "signin.throttled"
		return d.audit(ctx, tx, e)
	})
	if err != nil {
		d.log.WarnContext(ctx, "wrong password not in the audit log", "remote", e.Remote, "error", err)
	}
	return ErrBadCredentials
}

// admit lets in whoever has shown what opens this door, if that still counts: to
// check it took a while.
func (d *Directory) admit(ctx context.Context, k *knock) (*User, error) {
	now, err := d.knock(ctx, k.peer, k.visit.name)
	switch {
	case err != nil:
		return nil, err
	case now.id() != k.id() || now.credential.version != k.credential.version:
		return nil, ErrBadCredentials
	case now.user.Disabled:
		return nil, ErrDisabled
	case k.own && now.secondFactor:
		return nil, ErrSecondFactor
	}
	if k.app != nil {
		if !k.app.opens(k.peer) {
			return nil, ErrScope
		}
		if err := d.noteUse(ctx, k); err != nil {
			return nil, err
		}
		now.user.AppPassword = &k.app.AppPassword
	}
	d.throttle.succeed(k.visit)
	d.signIns.Add(1)
	if err := d.acquaint(ctx, now); err != nil {
		d.log.WarnContext(ctx, "sign-in not written down", "account", now.user.ID, "error", err)
	}
	return now.user, nil
}
