package delivery

import (
	"context"

	"letterbox/directory"
	"letterbox/quota"
	"letterbox/store"
)

// A place is the mailbox that a copy goes to, and why.
type place struct {
	id   store.MailboxID
	name string
	rule string // "" for what goes to INBOX for want of any other reason, and for what the filter says itself
}

// Rules that choose a place.
const (
	ruleDetail = "the address names the folder"
	ruleFull   = "the folder that the address names is full"
	ruleDMARC  = "the author's domain disowns it (DMARC)"
)

// place finds the folder for a recipient's copy of so many bytes; unwanted is junk,
// disowned what the author's domain wants to be. What a full folder cannot take
// goes to INBOX: its limit is to keep a folder small, not mail away.
func (d *Delivery) place(ctx context.Context, r directory.Recipient, size int64, unwanted, disowned bool) (place, error) {
	account := store.AccountID(r.User.ID)
	if err := d.Store.EnsureAccount(ctx, account); err != nil {
		return place{}, err
	}
	instead := ""
	if r.Detail != "" || unwanted {
		list, _, err := d.Store.Mailboxes(ctx, account)
		if err != nil {
			return place{}, err
		}
		box, rule := folder(r.Detail, list), ruleDetail
		if unwanted {
			box, rule = junkFolder(list), ""
		}
		if unwanted && disowned {
			rule = ruleDMARC
		}
		if box != nil && box.Admits(quota.Usage{Bytes: size, Messages: 1}, 0) == nil {
			return place{box.ID, box.Name, rule}, nil
		}
		if box != nil {
			instead = ruleFull
		}
	}
	inbox, err := d.Store.Mailbox(ctx, account, "INBOX")
	if err != nil {
		return place{}, err
	}
	return place{inbox.ID, inbox.Name, instead}, nil
}
