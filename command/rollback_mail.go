package command

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/emersion/go-imap/v2"
	"letterbox/appliance"
	"letterbox/archive"
	"letterbox/directory"
	"letterbox/store"
)

// newMail is mail that came since an update.
type newMail struct {
	folder   string
	dry      bool
	last     store.MessageID // before the update
	messages int64
	files    []mailFile
}

// A mailFile is an mbox file of one mailbox.
type mailFile struct{ address, mailbox, path string }

func (m *newMail) all(ctx context.Context, d *appliance.Data) error {
	if err := os.RemoveAll(m.folder); err != nil { // of a run that was broken off
		return err
	}
	users, err := d.Directory.Everybody(ctx)
	if err != nil {
		return err
	}
	for _, user := range users {
		if err := m.account(ctx, d, user); err != nil {
			return fmt.Errorf("write the new mail of %s: %w", user.Address, err)
		}
	}
	return nil
}

func (m *newMail) account(ctx context.Context, d *appliance.Data, user directory.User) error {
	boxes, _, err := d.Store.Mailboxes(ctx, store.AccountID(user.ID))
	if err != nil {
		return err
	}
	for _, box := range boxes {
		folder := filepath.Join(m.folder, url.PathEscape(user.Address))
		f := mailFile{user.Address, box.Name, filepath.Join(folder, url.PathEscape(box.Name)+".mbox")}
		if err := m.mailbox(ctx, d.Store, box.ID, f); err != nil {
			return err
		}
	}
	return nil
}

// mailbox writes a file if there is something new.
func (m *newMail) mailbox(ctx context.Context, s *store.Store, id store.MailboxID, f mailFile) (err error) {
	view, err := s.View(ctx, id)
	if err != nil {
		return err
	}
	defer view.Close()
	var target mailWriter
	finish := func(err error) error { return err }
	defer func() { err = finish(err) }()
	var raw bytes.Buffer
	return s.Rows(ctx, id, imap.UIDSet{{Start: 1}}, store.WithBody, func(row *store.Row) error {
		entry, there := view.Entry(row.UID)
		if row.Message <= m.last || !there {
			return nil
		}
		if m.messages++; m.dry {
			return nil
		}
		if target == nil {
			if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
				return err
			}
			if target, finish, err = newMboxFile(f.path); err != nil {
				return err
			}
			m.files = append(m.files, f)
		}
		raw.Reset()
		if err := readMessage(ctx, s, row, &raw); err != nil {
			return err
		}
		e := &archive.Entry{Date: row.Received, Body: raw.Bytes()}
		for _, flag := range view.FlagNames(entry.Flags) {
			e.Flags = append(e.Flags, string(flag))
		}
		return target.Write(e)
	})
}

// list finds the files that an earlier run wrote.
func (m *newMail) list() error {
	paths, err := filepath.Glob(filepath.Join(m.folder, "*", "*.mbox"))
	for _, path := range paths {
		address, _ := url.PathUnescape(filepath.Base(filepath.Dir(path)))
		mailbox, _ := url.PathUnescape(filepath.Base(path[:len(path)-len(".mbox")]))
		m.files = append(m.files, mailFile{address, mailbox, path})
	}
	return err
}
