package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/emersion/go-imap/v2"
	"letterbox/appliance"
	"letterbox/backup"
	"letterbox/control"
	"letterbox/message"
	"letterbox/store"
)

type snapshotBrowse struct {
	listFlags
	fromFlags
	Snapshot string   `placeholder:"ID" help:"Which. Default: the newest."`
	Address  string   `arg:"" optional:"" help:"Whose folders. Default: list the people."`
	Folder   string   `arg:"" optional:"" help:"List the messages of one folder."`
	Search   []string `placeholder:"WORD" help:"Only messages with the word in their header or the beginning of their text; repeat it for messages with all of them. Without a folder, in all of them."`
	Whole    bool     `help:"Search whole messages, not only where they begin: all of the mail is read from the target."`
	Read     uint32   `placeholder:"UID" help:"Print a message of the folder as it is."`
}

func (c *snapshotBrowse) local(ctx context.Context, s *shell) error {
	elsewhere, err := c.elsewhere(s)
	if err != nil {
		return err
	}
	if !elsewhere {
		return s.inside(ctx, c, s.Stdio)
	}
	repo, err := c.repository(ctx, s)
	if err != nil {
		return err
	}
	return c.browse(ctx, repo, os.TempDir(), s.Out)
}

func (c *snapshotBrowse) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	t, err := c.target(ctx, &d.Config)
	if err != nil {
		return err
	}
	defer t.Close()
	repo, err := d.Snapshots.Repository(ctx, t)
	if err != nil {
		return err
	}
	return c.browse(ctx, repo, filepath.Join(d.Config.Data, backup.Work), stdio.Out)
}

func (c *snapshotBrowse) browse(ctx context.Context, repo *backup.Repository, scratch string, w io.Writer) (err error) {
	id, err := repo.Find(ctx, c.Snapshot)
	if err != nil {
		return err
	}
	p, err := repo.Past(ctx, id, scratch)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	if c.Address == "" {
		return c.people(ctx, p, w)
	}
	user, err := p.Directory.User(ctx, c.Address)
	if err != nil {
		return fmt.Errorf("in snapshot %s: %w", id, err)
	}
	account := store.AccountID(user.ID)
	boxes, err := c.boxes(ctx, p, account)
	switch {
	case err != nil:
		return fmt.Errorf("in snapshot %s: %w", id, err)
	case c.Read != 0 && c.Folder == "":
		return errors.New("name the folder of the message that is to be read")
	case c.Read != 0:
		return c.read(ctx, p, boxes[0], w)
	case c.Folder == "" && len(c.Search) == 0:
		return c.folders(boxes, w)
	}
	return c.messages(ctx, p, boxes, w)
}

func (c *snapshotBrowse) boxes(ctx context.Context, p *backup.Past, account store.AccountID) ([]store.Mailbox, error) {
	if c.Folder == "" {
		boxes, _, err := p.Store.Mailboxes(ctx, account)
		return boxes, err
	}
	box, err := p.Store.Mailbox(ctx, account, c.Folder)
	if err != nil {
		return nil, err
	}
	return []store.Mailbox{*box}, nil
}

func (c *snapshotBrowse) people(ctx context.Context, p *backup.Past, w io.Writer) error {
	users, err := p.Directory.Users(ctx)
	if err != nil {
		return err
	}
	type record struct {
		Address  string `json:"address"`
		Name     string `json:"name"`
		Messages int64  `json:"messages"`
		Bytes    int64  `json:"bytes"`
	}
	records, t := []record{}, &table{header: []string{"ADDRESS", "NAME", "MESSAGES", "SIZE"}, empty: "Nobody had mail here then."}
	for _, user := range users {
		usage, _, err := p.Store.Usage(ctx, store.AccountID(user.ID))
		if err != nil {
			return err
		}
		records = append(records, record{user.Address, user.Name, usage.Messages, usage.Bytes})
		t.add(user.Address, user.Name, fmt.Sprint(usage.Messages), size(usage.Bytes))
	}
	return c.print(w, records, t)
}

func (c *snapshotBrowse) folders(boxes []store.Mailbox, w io.Writer) error {
	type record struct {
		Folder   string `json:"folder"`
		Messages uint32 `json:"messages"`
		Unseen   uint32 `json:"unseen"`
		Bytes    int64  `json:"bytes"`
	}
	records, t := []record{}, &table{header: []string{"FOLDER", "MESSAGES", "UNSEEN", "SIZE"}, empty: "There were no folders then."}
	for _, box := range boxes {
		records = append(records, record{box.Name, box.Messages, box.Unseen, box.Bytes})
		t.add(box.Name, fmt.Sprint(box.Messages), fmt.Sprint(box.Unseen), size(box.Bytes))
	}
	return c.print(w, records, t)
}

func (c *snapshotBrowse) messages(ctx context.Context, p *backup.Past, boxes []store.Mailbox, w io.Writer) error {
	type record struct {
		Folder   string `json:"folder"`
		UID      uint32 `json:"uid"`
		Received string `json:"received"`
		From     string `json:"from"`
		Subject  string `json:"subject"`
		Bytes    int64  `json:"bytes"`
	}
	records, t := []record{}, &table{header: []string{"FOLDER", "UID", "RECEIVED", "FROM", "SUBJECT", "SIZE"}, empty: "No message."}
	for _, box := range boxes {
		err := p.Search(ctx, box.ID, c.Search, c.Whole, func(row *store.Row) error {
			header := message.ParseHeader(row.Header)
			from := senderOf(header)
			records = append(records, record{box.Name, uint32(row.UID), stamp(row.Received), from, header.Subject, row.Size})
			t.add(box.Name, fmt.Sprint(row.UID), moment(row.Received), from, header.Subject, size(row.Size))
			return nil
		})
		if err != nil {
			return err
		}
	}
	return c.print(w, records, t)
}

func (c *snapshotBrowse) read(ctx context.Context, p *backup.Past, box store.Mailbox, w io.Writer) error {
	found := false
	err := p.Store.Rows(ctx, box.ID, imap.UIDSetNum(imap.UID(c.Read)), store.WithBody, func(row *store.Row) error {
		found = true
		body, err := p.Store.OpenRow(ctx, row)
		if err != nil {
			return err
		}
		defer body.Close()
		_, err = body.WriteTo(w)
		return err
	})
	if err == nil && !found {
		err = fmt.Errorf("%s has no message with uid %d in this snapshot", box.Name, c.Read)
	}
	return err
}

// senderOf is who wrote a message, for a list.
func senderOf(m *message.Message) string {
	if len(m.From) == 0 {
		return ""
	}
	from := m.From[0]
	address := from.Local + "@" + from.Domain
	if from.Name == "" {
		return address
	}
	return from.Name + " <" + address + ">"
}
