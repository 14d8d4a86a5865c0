package imapd

import (
	"context"
	"io"
	"strconv"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
	"letterbox/quota"
	"letterbox/store"
)

// appendMessages answers APPEND of one or more messages (RFC 9051 section
// 6.3.12, RFC 3502 MULTIAPPEND). Each literal is looked at before it is taken:
// where the answer can only be NO, the client is told so before it uploads.
//
// Messages are kept byte for byte as they came: bare line feeds, NUL (which RFC
// 3516 allows in a literal8 alone) and 8-bit header fields too (which RFC 6855
// section 4 wants refused before UTF8=ACCEPT, while clients and importers have
// always stored them). Who wrote it needs it back as it was.
func appendMessages(ctx context.Context, s *session, d *wire.Decoder, c *call) error {
	d.SP()
	up := &upload{s: s}
	defer up.close()
	name := d.Mailbox()
	for {
		if err := up.message(ctx, d, name); err != nil {
			return err
		}
		if d.AtEnd() {
			break
		}
	}
	if err := d.End(); err != nil {
		return err
	}
	batch, err := up.batch()
	if err != nil {
		return err
	}
	added, err := s.srv.cfg.Store.Append(ctx, batch)
	if err != nil {
		return err
	}
	for _, a := range added {
		s.made(a.Mailbox, imap.UIDSetNum(a.UID))
	}
	s.put(up.mailbox, batch)
	c.code = appendUID(added)
	return nil
}

// An upload is an APPEND under way.
type upload struct {
	s        *session
	mailbox  *store.Mailbox // nil before the first literal
	usage    quota.Usage    // of the account, with what was uploaded so far
	limit    quota.Limit
	more     quota.Usage // what the mailbox is to hold more than it does
	size     int64
	messages []uploaded
	replaces *store.Replaced // nil: nothing
}

type uploaded struct {
	flags []imap.Flag
	date  time.Time // zero: now
	spool *store.Spool
}

// close gives up the spool files.
func (up *upload) close() {
	for _, m := range up.messages {
		_ = m.spool.Close() // nothing is lost with it
	}
}

// message reads one message with its flags and date. In front of it stands the
// space behind what came before.
func (up *upload) message(ctx context.Context, d *wire.Decoder, name string) error {
	var m uploaded
	d.SP()
	if d.Peek() == '(' {
		m.flags = parseFlags(d)
		d.SP()
	}
	if d.Peek() == '"' {
		m.date = d.DateTime()
		d.SP()
	}
	switch d.Peek() {
	case '{', '~':
		l := d.Literal()
		if l == nil {
			return d.Err()
		}
		return up.take(ctx, m, l, name)
	}
	return up.extended(ctx, d, m, name)
}

// extended reads a message that is given in another form than a literal.
func (up *upload) extended(ctx context.Context, d *wire.Decoder, m uploaded, name string) error {
	form := d.Keyword()
	if form == "CATENATE" {
		return up.catenate(ctx, d, m, name)
	}
	if form != "UTF8" || !up.s.utf8 {
		d.Fail("flags, a date or a literal")
		return d.Err()
	}
	d.SP()
	d.Open()
	l := d.Literal()
	if l != nil && !l.Binary {
		d.Fail("a literal8") // RFC 6855 section 4
	}
	if err := d.Err(); err != nil {
		return err
	}
	if err := up.take(ctx, m, l, name); err != nil {
		return err
	}
	d.Close()
	return d.Err()
}

// take reads a literal into the spool, if there is a place for it.
func (up *upload) take(ctx context.Context, m uploaded, l *wire.Literal, name string) error {
	if err := up.admit(ctx, l.Size, name); err != nil {
		return err
	}
	m.spool = up.s.srv.cfg.Store.NewSpool(l.Size)
	up.messages = append(up.messages, m)
	_, err := io.Copy(m.spool, l.Reader())
	return err
}

// maxUpload is how many times the limit for a message one APPEND may hold.
const maxUpload = 10

// admit says whether a message of that size can be stored, as far as is known
// before it is there.
func (up *upload) admit(ctx context.Context, size int64, name string) error {
	if err := up.s.maySave(len(up.messages) + 1); err != nil {
		return err
	}
	if err := up.target(ctx, name); err != nil {
		return err
	}
	limit := up.s.srv.appendLimit(up.mailbox)
	switch {
	case size > limit:
		return no(imap.ResponseCodeTooBig, "a message may have %d bytes", limit) // RFC 7889 section 4
	case up.size+size > maxUpload*up.s.srv.cfg.AppendLimit:
		return no(imap.ResponseCodeLimit, "append fewer messages at once")
	case size == 0:
		return no("", "a message without any byte cancels the append") // RFC 3502
	}
	if err := up.s.srv.cfg.Store.Room(up.size + size); err != nil {
		return err
	}
	up.size += size
	return up.count(quota.Usage{Bytes: size, Messages: 1})
}

// count adds to what will be held, and fails with an *quota.OverError when that is
// too much for the account or the mailbox.
func (up *upload) count(more quota.Usage) (err error) {
	if up.usage, err = up.limit.Add(up.usage, more); err != nil {
		return err
	}
	up.more = up.more.Plus(more)
	return up.mailbox.Admits(up.more, 0)
}

// target finds the mailbox and what may be stored, once.
func (up *upload) target(ctx context.Context, name string) error {
	if up.mailbox != nil {
		return nil
	}
	mailbox, err := up.s.mailbox(ctx, name, store.Insert)
	if err != nil {
		return err
	}
	up.mailbox = mailbox
	if up.usage, up.limit, err = up.s.srv.cfg.Store.Usage(ctx, mailbox.Account); err != nil {
		return err
	}
	return up.makeRoom(ctx)
}

// batch is what the store is to add, all or nothing.
func (up *upload) batch() (store.Batch, error) {
	batch := store.Batch{Replaces: up.replaces}
	for _, m := range up.messages {
		raw, err := m.spool.Bytes()
		if err != nil {
			return batch, err
		}
		batch.Messages = append(batch.Messages, store.NewMessage{
			Mailbox: up.mailbox.ID, Raw: raw, Flags: changeable(m.flags, up.mailbox.Rights), Received: m.date, By: up.s.account(),
		})
	}
	return batch, nil
}

// appendUID is the response code of RFC 4315 section 3, with a set for many
// messages (RFC 3502).
func appendUID(added []store.Added) wire.Code {
	var uids numbers
	for _, a := range added {
		uids.add(uint32(a.UID))
	}
	code := "APPENDUID " + strconv.FormatUint(uint64(added[0].UIDValidity), 10) + " "
	return wire.Code(uids.appendTo([]byte(code)))
}
