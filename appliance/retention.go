package appliance

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/directory"
	"letterbox/phrase"
	"letterbox/store"
)

// Retention is for how many days messages stay where nobody has said otherwise.
func (m Mail) Retention() map[imap.MailboxAttr]int {
	return map[imap.MailboxAttr]int{imap.MailboxAttrJunk: m.JunkDays, imap.MailboxAttrTrash: m.TrashDays}
}

// retain removes what is due in all accounts. Of a rule that nobody was told of
// yet, its owner is told, and nothing goes for a week.
func (d *Data) retain(ctx context.Context, now time.Time) (err error) {
	users, err := d.Directory.Everybody(ctx)
	if err != nil {
		return err
	}
	for _, user := range users {
		if failed := d.retainFor(ctx, &user, now); failed != nil {
			err = errors.Join(err, fmt.Errorf("retention of %s: %w", user.Address, failed))
		}
	}
	return err
}

func (d *Data) retainFor(ctx context.Context, user *directory.User, now time.Time) error {
	rules, err := d.Store.Retentions(ctx, store.AccountID(user.ID), d.Config.Mail.Retention(), now)
	if err != nil {
		return err
	}
	var untold []store.Retention
	for _, r := range rules {
		switch {
		case r.Due.Messages == 0:
		case r.Told.IsZero():
			untold = append(untold, r)
		case now.Sub(r.Told) >= store.RetentionNotice:
			n, err := d.Store.Expire(ctx, r, now)
			if err != nil {
				return err
			}
			d.Log.InfoContext(ctx, "old messages removed", "account", user.Address, "mailbox", r.Mailbox.Name, "messages", n, "days", r.Days)
		}
	}
	if len(untold) == 0 {
		return nil
	}
	inbox, err := d.Store.Mailbox(ctx, store.AccountID(user.ID), "INBOX")
	if err != nil {
		return err
	}
	// The message may be there twice after a crash between the two, and never not.
	text := retentionText(phrase.In(user.Language), untold, now.Add(store.RetentionNotice), d.Config.Mail.UndeleteDays)
	_, err = d.Store.Append(ctx, store.Batch{
		Messages: []store.NewMessage{{Mailbox: inbox.ID, Raw: text.compose(d.Config.Hostname, user, now), Received: now}},
		Arrives:  true,
	})
	if err != nil {
		return err
	}
	return d.Store.NoteRetention(ctx, untold, now)
}

// retentionText says what will go, and when.
func retentionText(l *phrase.Language, rules []store.Retention, from time.Time, undelete int) notice {
	n := notice{
		subject: l.Say("mail.retention.subject"),
		paragraphs: []string{
			l.Say("mail.retention.from", l.Date(from)), l.Say("mail.retention.keep"), l.Say("mail.retention.change"),
		},
	}
	if undelete > 0 {
		n.paragraphs = append(n.paragraphs, l.Say("mail.retention.back", undelete))
	}
	for _, r := range rules {
		n.rows = append(n.rows, [2]string{r.Mailbox.Name, l.Say("mail.retention.days", r.Days)})
	}
	return n
}
