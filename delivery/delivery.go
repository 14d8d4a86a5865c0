// Package delivery takes an accepted message to its mailboxes: which folder,
// which header lines for which recipient. The decisions are pure functions.
//
// The body of a message is never changed: it is kept once, by its content, for
// all who received it. What is written for one recipient (Return-Path,
// Delivered-To, Received) is a prefix of their own. A Return-Path that the body
// brought along therefore stays where it is, below ours; the first one counts.
package delivery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"letterbox/database"
	"letterbox/directory"
	"letterbox/junk"
	"letterbox/mailauth"
	"letterbox/quota"
	"letterbox/store"
	"letterbox/telemetry"
	"letterbox/trace"
)

// ErrFull says that the disk has no room for a message: try again later.
var ErrFull = errors.New("no room on the disk")

// An Envelope is what SMTP said about a message.
type Envelope struct {
	ID         string // of the transaction, in Received and the logs
	Sender     string // reverse-path, "" for <>
	For        string // the recipient, when there was only one: nobody learns of another
	Helo       string
	Remote     netip.Addr
	RemoteName string                // verified PTR, may be ""
	Protocol   string                // "ESMTPS" ... (RFC 3848)
	TLS        string                // "TLSv1.3 TLS_AES_128_GCM_SHA256", "" without
	User       *directory.User       // who submitted it; nil from outside
	PassedOn   []directory.Recipient // who passes it on and gets no copy
	Received   time.Time

	Verdict  *mailauth.Verdict // what was found out about it; nil when it was not checked
	Evidence junk.Evidence     // what others said who looked at it
	Internal bool              // it was made here: a report, not mail from anybody
}

// Delivery delivers; safe for concurrent use.
type Delivery struct {
	Hostname  string
	Store     *store.Store
	Directory *directory.Directory
	Junk      *junk.Filter         // judges mail from outside; nil: nobody does
	Telemetry *telemetry.Telemetry // may be nil
	Journal   *trace.Journal       // may be nil
	Log       *slog.Logger

	// Answer hears of each copy that is in a mailbox and no junk: it may answer in the
	// name of who is away, and must not fail. nil: nobody answers.
	Answer func(ctx context.Context, e Envelope, r directory.Recipient, raw []byte)
}

// Deliver adds the message to the mailboxes of all recipients, who are ours, in
// one transaction with what hold and also add (see store.Batch), and returns
// when it is durable. A user who is named twice gets one copy, as the first of
// the two. It fails with ErrLoop, *quota.OverError, ErrFull; then nobody has
// anything.
func (d *Delivery) Deliver(ctx context.Context, e Envelope, to []directory.Recipient, raw []byte, hold [][]byte, also func(*database.Tx, []store.HeldID) error) error {
	to = onceEach(to)
	if err := checkLoop(raw, addresses(to)); err != nil {
		return err
	}
	b := store.Batch{Arrives: true, Hold: hold, Also: also}
	received := d.Trace(e)
	judged := d.judge(ctx, e, to, raw)
	places := make([]place, len(to))
	for i, r := range to {
		own := append(prefix(e.Sender, r.Address, received), judged.field(i)...)
		var err error
		places[i], err = d.place(ctx, r, int64(len(own)+len(raw)), judged.junk(i), e.Suspicious())
		if err != nil {
			return explain(fmt.Errorf("find a folder for %s: %w", r.Address, err))
		}
		b.Messages = append(b.Messages, store.NewMessage{
			Mailbox:  places[i].id,
			Raw:      raw,
			Prefix:   own,
			Received: e.Received,
		})
	}
	added, err := d.Store.Append(ctx, b)
	if errors.As(err, new(*quota.OverError)) && len(to) == 1 {
		// Not everybody says how large a message is before it comes.
		err = cmp.Or(d.Room(ctx, to[0].User, int64(len(raw))), err)
	}
	if err != nil {
		return explain(fmt.Errorf("deliver: %w", err))
	}
	d.record(ctx, e, to, b, added, judged)
	judged.tell(d.Junk, to, added)
	d.journal(e, to, places, judged)
	d.answer(ctx, e, to, raw, judged)
	if d.Answer != nil && len(e.PassedOn) > 0 {
		d.answer(ctx, e, e.PassedOn, raw, d.judge(ctx, e, e.PassedOn, raw))
	}
	return nil
}

// answer lets those answer who are away. What is made here is answered by nobody, and
// what came back was answered before it went.
func (d *Delivery) answer(ctx context.Context, e Envelope, to []directory.Recipient, raw []byte, judged judged) {
	if d.Answer == nil || e.Internal {
		return
	}
	for i, r := range to {
		if !judged.junk(i) && !r.Returned {
			d.Answer(ctx, e, r, raw)
		}
	}
}

// record notes where the copies went.
func (d *Delivery) record(ctx context.Context, e Envelope, to []directory.Recipient, b store.Batch, added []store.Added, judged judged) {
	var bytes int64
	for i, a := range added {
		bytes += int64(len(b.Messages[i].Prefix) + len(b.Messages[i].Raw))
		d.Log.InfoContext(ctx, "delivered", "message", e.ID, "account", to[i].User.Address,
			"mailbox", int64(a.Mailbox), "uid", uint32(a.UID))
	}
	d.Telemetry.Delivered(len(added), bytes)
	d.Telemetry.Traffic().Junk.Add(judged.count(len(to)))
}

// Room reports whether a message of so many bytes would fit into the user's
// quota now; size may be 0, for unknown. It fails with *quota.OverError.
func (d *Delivery) Room(ctx context.Context, u *directory.User, size int64) error {
	return explain(d.Store.Admit(ctx, store.AccountID(u.ID), size))
}

// onceEach keeps the first recipient of each user.
func onceEach(to []directory.Recipient) []directory.Recipient {
	var once []directory.Recipient
	for _, r := range to {
		same := func(other directory.Recipient) bool { return other.User.ID == r.User.ID }
		if !slices.ContainsFunc(once, same) {
			once = append(once, r)
		}
	}
	return once
}

// addresses are those at which a message may not have been before.
func addresses(to []directory.Recipient) (list []string) {
	for _, r := range to {
		if !r.Returned {
			list = append(list, r.Address)
		}
	}
	return list
}

// explain marks a full disk, wherever it was met, so that callers can tell.
func explain(err error) error {
	if errors.Is(err, database.ErrFull) || errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}
