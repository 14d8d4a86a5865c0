package imapd

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
	"letterbox/message"
	"letterbox/store"
)

// errBadURL is a URL that leads nowhere: no such mailbox, message or part, or not
// for those who ask.
var errBadURL = errors.New("the URL leads to no message or part")

// A target is the message, or the part of one, that a URL leads to.
type target struct {
	mail
	section section
	span    span   // of the message
	chosen  []byte // instead, where header fields were chosen
	partial *imap.SectionPartial
}

// follow finds what a URL leads to, in the visitor's name, and calls fn with it;
// errBadURL. within is the name of the selected mailbox, "" for none, which
// relative URLs start from.
func (v visitor) follow(ctx context.Context, u *wire.URL, within string, fn func(*target) error) error {
	sec, err := parseURLSection(u.Section)
	if err != nil {
		return err
	}
	name, err := mailboxOf(u, within)
	if err != nil {
		return err
	}
	m, _, err := v.find(ctx, name, store.Read)
	if r := new(reply); errors.Is(err, store.ErrNotFound) || errors.As(err, &r) {
		return fmt.Errorf("%w: %w", errBadURL, err)
	}
	if err != nil {
		return err
	}
	if u.UIDValidity != 0 && u.UIDValidity != m.UIDValidity {
		return fmt.Errorf("%w: the mailbox has another UIDVALIDITY", errBadURL)
	}
	found := false
	cols := store.WithParts | store.WithBody | store.WithBodyStructure
	err = v.srv.cfg.Store.Rows(ctx, m.ID, imap.UIDSetNum(u.UID), cols, func(row *store.Row) error {
		found = true
		return v.open(ctx, row, sec, u.Partial, fn)
	})
	if err == nil && !found {
		err = fmt.Errorf("%w: there is no message with that uid", errBadURL)
	}
	return err
}

// mailboxOf is the name of the mailbox that a URL is about (RFC 5092 section 7,
// RFC 4469 section 3).
func mailboxOf(u *wire.URL, within string) (string, error) {
	switch {
	case u.Mailbox == "" && within == "":
		return "", fmt.Errorf("%w: no mailbox is selected", errBadURL)
	case u.Mailbox == "":
		return within, nil
	case u.Relative:
		return within[:strings.LastIndexByte(within, store.Delimiter)+1] + u.Mailbox, nil
	}
	return u.Mailbox, nil
}

// open opens a message and finds the part.
func (v visitor) open(ctx context.Context, row *store.Row, sec section, partial *imap.SectionPartial, fn func(*target) error) error {
	body, err := v.srv.cfg.Store.OpenRow(ctx, row)
	if err != nil {
		return err
	}
	defer body.Close()
	t := &target{mail: mail{row: row, body: body, size: body.Size()}, section: sec, partial: partial}
	sp, ok := t.locate(&t.section)
	if !ok {
		return fmt.Errorf("%w: the message has no such part", errBadURL)
	}
	t.span = sp.cut(partial)
	if sec.fields != nil {
		header := make([]byte, sp.size())
		if err := readFull(body, header, sp.from); err != nil {
			return err
		}
		t.chosen = message.FilterHeader(nil, header, sec.fields, sec.what == headerFieldsNot)
		t.span = span{0, int64(len(t.chosen))}.cut(partial)
	}
	return fn(t)
}

// reader reads what the URL leads to, as it is in the message.
func (t *target) reader() io.Reader {
	if t.section.fields != nil {
		return bytes.NewReader(t.chosen[t.span.from:t.span.to])
	}
	return io.NewSectionReader(t.body, t.span.from, t.span.size())
}

// parseURLSection reads what stands behind SECTION, with the grammar of FETCH.
func parseURLSection(text string) (section, error) {
	if text == "" {
		return section{}, nil
	}
	d := wire.NewDecoder(beforeSignIn())
	d.Attach(bufio.NewReader(strings.NewReader(text + "]\n")))
	d.Begin()
	sec := parseSection(d, strings.ToUpper(d.Atom()))
	d.Expect(']')
	if err := d.End(); err != nil {
		return section{}, fmt.Errorf("%w: section: %w", errBadURL, err)
	}
	return sec, nil
}

// selectedName is the name of the selected mailbox as the client knows it, "" for
// none.
func (s *session) selectedName(ctx context.Context) (string, error) {
	if s.sel == nil {
		return "", nil
	}
	m := s.sel.view.Mailbox()
	if m.Account == s.account() {
		return m.Name, nil
	}
	owner, err := s.srv.cfg.Directory.UserByID(ctx, int64(m.Account))
	if err != nil {
		return "", err
	}
	return prefixOf(owner) + m.Name, nil
}
