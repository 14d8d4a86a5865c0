package delivery

import (
	"strings"

	"github.com/emersion/go-imap/v2"
	"letterbox/store"
)

// folder is the mailbox that an address detail names (anna+lists@ goes to
// "Lists" if Anna has it), whatever the case; nil when there is none and INBOX
// is right.
//
// The detail is chosen by whoever writes to the address. So it reaches no folder
// whose content others should not be able to place there: what somebody "sent",
// their drafts, and the one that is emptied.
func folder(detail string, list []store.Mailbox) *store.Mailbox {
	for i, box := range list {
		if strings.EqualFold(box.Name, detail) && takesMail(box.SpecialUse) {
			return &list[i]
		}
	}
	return nil
}

// junkFolder is the folder for what somebody does not want; nil when there is none.
func junkFolder(list []store.Mailbox) *store.Mailbox {
	for i, box := range list {
		if box.SpecialUse == imap.MailboxAttrJunk {
			return &list[i]
		}
	}
	return nil
}

func takesMail(use imap.MailboxAttr) bool {
	switch use {
	case imap.MailboxAttrDrafts, imap.MailboxAttrSent, imap.MailboxAttrTrash:
		return false
	}
	return true
}
