package delivery

import (
	"context"

	"letterbox/directory"
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
	ruleDMARC  = "the author's domain disowns it (DMARC)"
)

// place finds the folder for a recipient; unwanted is junk, disowned what the
// author's domain wants to be.
func (d *Delivery) place(ctx context.Context, r directory.Recipient, unwanted, disowned bool) (place, error) {
	account := store.AccountID(r.User.ID)
	if err := d.Store.EnsureAccount(ctx, account); err != nil {
		return place{}, err
	}
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
		if box != nil {
			return place{box.ID, box.Name, rule}, nil
		}
	}
	inbox, err := d.Store.Mailbox(ctx, account, "INBOX")
	if err != nil {
		return place{}, err
	}
	return place{inbox.ID, inbox.Name, ""}, nil
}
