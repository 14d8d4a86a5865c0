package command

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"

	"github.com/emersion/go-imap/v2"
	"letterbox/appliance"
	"letterbox/control"
	"letterbox/store"
	"letterbox/store/blob"
)

func (c *exportCmd) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	user, err := d.Directory.User(ctx, c.Account)
	if err != nil {
		return err
	}
	account := store.AccountID(user.ID)
	if err := d.Store.EnsureAccount(ctx, account); err != nil {
		return err
	}
	boxes, err := c.mailboxes(ctx, d.Store, account)
	if err != nil {
		return err
	}
	e := &exporter{store: d.Store, parcels: gob.NewEncoder(stdio.Out), warn: stdio.Err}
	for _, box := range boxes {
		e.total += int64(box.Messages)
	}
	for _, box := range boxes {
		folder := box.Name
		if c.Mailbox != "" || folder == "INBOX" {
			folder = ""
		}
		if err := e.export(ctx, box.ID, folder); err != nil {
			return fmt.Errorf("export %s: %w", box.Name, err)
		}
	}
	if e.damaged > 0 {
		return fmt.Errorf("%s could not be read, see above; the others were exported", plural(e.damaged, "message"))
	}
	return nil
}

// mailboxes returns the one that was named, else all.
func (c *exportCmd) mailboxes(ctx context.Context, s *store.Store, account store.AccountID) ([]store.Mailbox, error) {
	if c.Mailbox == "" {
		all, _, err := s.Mailboxes(ctx, account)
		return all, err
	}
	one, err := s.Mailbox(ctx, account, c.Mailbox)
	if err != nil {
		return nil, err
	}
	return []store.Mailbox{*one}, nil
}

// An exporter sends mailboxes out, a message at a time.
type exporter struct {
	store                *store.Store
	parcels              *gob.Encoder
	warn                 io.Writer
	total, done, damaged int64
}

// export sends the messages of a mailbox as they are when their turn comes.
func (e *exporter) export(ctx context.Context, id store.MailboxID, folder string) error {
	view, err := e.store.View(ctx, id)
	if err != nil {
		return err
	}
	defer view.Close()
	all := imap.UIDSet{{Start: 1}} // 1:*
	var raw bytes.Buffer
	return e.store.Rows(ctx, id, all, store.WithBody, func(row *store.Row) error {
		entry, there := view.Entry(row.UID)
		if !there {
			return nil // expunged meanwhile
		}
		raw.Reset()
		e.done++
		err := readMessage(ctx, e.store, row, &raw)
		var corrupt *blob.CorruptError
		if errors.As(err, &corrupt) {
			e.damaged++
			_, err = fmt.Fprintf(e.warn, "letterbox: message %d: %v\n", row.UID, err)
			return err
		}
		if err != nil {
			return err
		}
		p := &parcel{Mailbox: folder, Date: row.Received, Body: raw.Bytes(), Done: e.done, Total: e.total}
		for _, flag := range view.FlagNames(entry.Flags) {
			p.Flags = append(p.Flags, string(flag))
		}
		return e.parcels.Encode(p)
	})
}

// readMessage adds a whole message to raw.
func readMessage(ctx context.Context, s *store.Store, row *store.Row, raw *bytes.Buffer) error {
	body, err := s.OpenRow(ctx, row)
	if err != nil {
		return err
	}
	_, err = body.WriteTo(raw)
	return errors.Join(err, body.Close())
}
