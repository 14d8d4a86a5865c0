package command

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/emersion/go-imap/v2"
	"letterbox/appliance"
	"letterbox/control"
	"letterbox/quota"
	"letterbox/store"
)

// What one transaction of an import adds at most.
const (
	importRows  = 200
	importBytes = 8 << 20
)

func (c *importCmd) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	user, err := d.Directory.User(ctx, c.Account)
	if err != nil {
		return err
	}
	i := &importer{
		store:    d.Store,
		account:  store.AccountID(user.ID),
		base:     c.Mailbox,
		boxes:    map[string]*importBox{},
		arrivals: gob.NewEncoder(stdio.Out),
		warn:     stdio.Err,
	}
	if err := d.Store.EnsureAccount(ctx, i.account); err != nil {
		return err
	}
	err = receive(stdio.In, func(p *parcel) error { return i.take(ctx, p) })
	if err == nil {
		err = i.flush(ctx)
	}
	var over *quota.OverError
	if errors.As(err, &over) && !over.Domain {
		return fmt.Errorf("%w; permit more with 'letterbox user set %s --quota SIZE'", err, user.Address)
	}
	return err
}

// An importer adds messages to an account, many in one transaction.
type importer struct {
	store    *store.Store
	account  store.AccountID
	base     string // mailbox that was asked for; "" for none
	boxes    map[string]*importBox
	arrivals *gob.Encoder
	warn     io.Writer

	batch store.Batch
	rows  int // of this batch, those passed over too
	bytes int
	state arrival
}

// An importBox is a mailbox that is added to.
type importBox struct {
	id     store.MailboxID
	census *store.Census
}

// take adds one message, or passes it over when it is there.
func (i *importer) take(ctx context.Context, p *parcel) error {
	box, err := i.box(ctx, i.name(p.Mailbox))
	if err != nil {
		return err
	}
	present, err := box.census.Claim(ctx, p.Body, p.Date)
	if err != nil {
		return err
	}
	if present {
		i.state.Present++
	} else {
		i.bytes += len(p.Body)
		i.batch.Messages = append(i.batch.Messages, store.NewMessage{
			Mailbox: box.id, Raw: p.Body, Flags: flagsOf(p.Flags), Received: p.Date,
		})
	}
	i.rows++
	i.state.Done, i.state.Position = p.Done, p.Position
	if i.rows >= importRows || i.bytes >= importBytes {
		return i.flush(ctx)
	}
	return nil
}

func flagsOf(names []string) []imap.Flag {
	flags := make([]imap.Flag, len(names))
	for i, name := range names {
		flags[i] = imap.Flag(name)
	}
	return flags
}

// name is the mailbox here of a folder of the archive. Characters that no name
// may have here become '_'.
func (i *importer) name(folder string) string {
	folder = strings.Map(func(r rune) rune {
		if r == '*' || r == '%' || unicode.IsControl(r) {
			return '_'
		}
		return r
	}, strings.ToValidUTF8(folder, "_"))
	switch inbox := i.base == "" || strings.EqualFold(i.base, "INBOX"); {
	case folder == "" && inbox:
		return "INBOX"
	case folder == "":
		return i.base
	case inbox:
		return folder
	}
	return i.base + "/" + folder
}

// box finds a mailbox or makes it, subscribed.
func (i *importer) box(ctx context.Context, name string) (*importBox, error) {
	if box := i.boxes[name]; box != nil {
		return box, nil
	}
	mailbox, err := i.store.Mailbox(ctx, i.account, name)
	if errors.Is(err, store.ErrNotFound) {
		if mailbox, err = i.store.CreateMailbox(ctx, i.account, name, ""); err == nil {
			err = i.store.Subscribe(ctx, i.account, name)
		}
	}
	if errors.Is(err, store.ErrBadName) {
		return nil, fmt.Errorf("%q: %w; import that folder alone, with --mailbox NAME", name, err)
	}
	if err != nil {
		return nil, err
	}
	census, err := i.store.Census(ctx, mailbox.ID)
	if err != nil {
		return nil, err
	}
	i.boxes[name] = &importBox{mailbox.ID, census}
	return i.boxes[name], nil
}

// flush adds the batch and says so.
func (i *importer) flush(ctx context.Context) error {
	if i.rows == 0 {
		return nil
	}
	err := i.add(ctx, i.batch.Messages...)
	if errors.Is(err, store.ErrTooManyKeywords) {
		err = i.addEach(ctx)
	}
	if err != nil {
		return err
	}
	i.state.Added += int64(len(i.batch.Messages))
	i.batch.Messages, i.rows, i.bytes = nil, 0, 0
	return i.arrivals.Encode(i.state)
}

func (i *importer) add(ctx context.Context, messages ...store.NewMessage) error {
	if len(messages) == 0 {
		return nil
	}
	_, err := i.store.Append(ctx, store.Batch{Messages: messages})
	return err
}

// addEach adds the messages of the batch one by one, those for whose keywords
// there is no room without them: better so than not at all.
func (i *importer) addEach(ctx context.Context) error {
	for _, m := range i.batch.Messages {
		err := i.add(ctx, m)
		if errors.Is(err, store.ErrTooManyKeywords) {
			fmt.Fprintf(i.warn, "letterbox: the mailbox has no room for the keywords %v; a message was imported without them\n", m.Flags)
			m.Flags = systemFlags(m.Flags)
			err = i.add(ctx, m)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func systemFlags(flags []imap.Flag) (system []imap.Flag) {
	for _, f := range flags {
		if strings.HasPrefix(string(f), `\`) {
			system = append(system, f)
		}
	}
	return system
}
