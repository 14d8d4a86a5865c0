package admin

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/archive"
	"letterbox/store"
	"letterbox/store/blob"
)

// takeawayPage says what would come.
func (v *visit) takeawayPage() error {
	full, err := v.fullness()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, takeawayPage(v.page("me", v.Say("takeaway.title")), full))
}

// takeaway sends all mail of the visitor, an mbox file for each folder in a zip. It
// is made while it is sent: a message is the most that is held of it.
func (v *visit) takeaway() error {
	folders, _, err := v.Store.Mailboxes(v.context(), v.account())
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "application/zip")
	v.w.Header().Set("Content-Disposition", `attachment; filename="mail.zip"`)
	t := &takeaway{store: v.Store, zip: zip.NewWriter(v.w), wait: http.NewResponseController(v.w)}
	if err := t.write(v.context(), folders); err != nil {
		// What is there already looks like a whole file: the browser has to see that
		// it breaks off.
		v.Log.WarnContext(v.context(), "export broke off", "account", v.user.Address, "error", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

type takeaway struct {
	store *store.Store
	zip   *zip.Writer
	wait  *http.ResponseController
	lost  []string // messages that cannot be read
}

// slowest is how long a browser may take for a message.
const slowestMessage = 5 * time.Minute

func (t *takeaway) write(ctx context.Context, folders []store.Mailbox) error {
	for _, folder := range folders {
		if err := t.folder(ctx, folder); err != nil {
			return fmt.Errorf("export %q: %w", folder.Name, err)
		}
	}
	if len(t.lost) > 0 {
		note, err := t.zip.Create("damaged.txt")
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(note, strings.Join(t.lost, "\n")); err != nil {
			return err
		}
	}
	return t.zip.Close()
}

func (t *takeaway) folder(ctx context.Context, folder store.Mailbox) error {
	file, err := t.zip.CreateHeader(&zip.FileHeader{Name: fileName(folder.Name), Method: zip.Deflate, Modified: time.Now()})
	if err != nil {
		return err
	}
	view, err := t.store.View(ctx, folder.ID)
	if err != nil {
		return err
	}
	defer view.Close()
	mbox := archive.NewMboxWriter(file)
	var raw bytes.Buffer
	return t.store.Rows(ctx, folder.ID, imap.UIDSet{{Start: 1}}, store.WithBody, func(row *store.Row) error {
		there, known := view.Entry(row.UID)
		if !known {
			return nil // expunged meanwhile
		}
		_ = t.wait.SetWriteDeadline(time.Now().Add(slowestMessage)) // where there is none, none has to be moved
		raw.Reset()
		err := t.read(ctx, row, &raw)
		if corrupt := new(blob.CorruptError); errors.As(err, &corrupt) {
			t.lost = append(t.lost, fmt.Sprintf("%s %d: %v", folder.Name, row.UID, err))
			return nil
		}
		if err != nil {
			return err
		}
		e := &archive.Entry{Date: row.Received, Body: raw.Bytes()}
		for _, flag := range view.FlagNames(there.Flags) {
			e.Flags = append(e.Flags, string(flag))
		}
		return mbox.Write(e)
	})
}

func (t *takeaway) read(ctx context.Context, row *store.Row, raw *bytes.Buffer) error {
	body, err := t.store.OpenRow(ctx, row)
	if err != nil {
		return err
	}
	_, err = body.WriteTo(raw)
	return errors.Join(err, body.Close())
}

// fileName is a folder's name as a path within the archive, which no program that
// unpacks it takes for a place elsewhere.
func fileName(folder string) string {
	levels := strings.Split(folder, "/")
	for i, level := range levels {
		level = strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f || strings.ContainsRune(`\:*?"<>|`, r) {
				return '_'
			}
			return r
		}, level)
		if strings.Trim(level, ". ") == "" {
			level = "_"
		}
		levels[i] = level
	}
	return strings.Join(levels, "/") + ".mbox"
}
