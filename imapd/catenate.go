package imapd

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
	"letterbox/quota"
	"letterbox/store"
)

// catenate reads a message that is given in pieces: texts, and URLs of messages
// and parts of messages that are here already (RFC 4469). Each text is looked at
// before it is taken, each URL is followed at once.
func (up *upload) catenate(ctx context.Context, d *wire.Decoder, m uploaded, name string) error {
	d.SP()
	if err := d.Err(); err != nil {
		return err
	}
	if err := up.target(ctx, name); err != nil {
		return err
	}
	m.spool = up.s.srv.cfg.Store.NewSpool(up.s.srv.appendLimit(up.mailbox))
	pieces := 0
	var failed error
	d.List(func() {
		pieces++
		if failed = up.piece(ctx, d, m.spool); failed != nil {
			d.Fail("less") // ends the list
		}
	})
	if pieces == 0 {
		d.Fail("TEXT or URL")
	}
	if failed == nil {
		failed = d.Err()
	}
	if failed == nil {
		failed = up.admit(ctx, m.spool.Size(), name)
	}
	if failed != nil {
		_ = m.spool.Close() // nothing is lost with it
		return failed
	}
	up.messages = append(up.messages, m)
	return nil
}

// piece reads one piece into the spool.
func (up *upload) piece(ctx context.Context, d *wire.Decoder, spool *store.Spool) error {
	kind := d.Keyword()
	d.SP()
	switch kind {
	case "TEXT":
		l := d.Literal()
		if l == nil {
			return d.Err()
		}
		if err := up.fits(spool.Size() + l.Size); err != nil {
			return err
		}
		_, err := io.Copy(spool, l.Reader())
		return err
	case "URL":
		text := d.AString()
		if err := d.Err(); err != nil {
			return err
		}
		return up.insert(ctx, text, spool)
	}
	d.Fail("TEXT or URL")
	return d.Err()
}

// fits says whether a message may become so large.
func (up *upload) fits(size int64) error {
	if limit := up.s.srv.appendLimit(up.mailbox); size > limit {
		return no(imap.ResponseCodeTooBig, "a message may have %d bytes", limit)
	}
	more := quota.Usage{Bytes: size, Messages: 1}
	if _, err := up.limit.Add(up.usage, more); err != nil {
		return err
	}
	return up.mailbox.Admits(up.more.Plus(more), 0)
}

// insert copies what a URL leads to. Nothing is marked as \Seen by it.
func (up *upload) insert(ctx context.Context, text string, spool *store.Spool) error {
	u, err := wire.ParseURL(text)
	if err == nil && u.Host != "" {
		err = errors.New("only URLs without a server can be taken in") // RFC 4469 section 3
	}
	if err != nil {
		return badURL(text, err)
	}
	within, err := up.s.selectedName(ctx)
	if err != nil {
		return err
	}
	err = up.s.visitor().follow(ctx, u, within, func(t *target) error {
		if err := up.fits(spool.Size() + t.span.size()); err != nil {
			return err
		}
		_, err := io.Copy(spool, t.reader())
		return err
	})
	if errors.Is(err, errBadURL) {
		return badURL(text, err)
	}
	return err
}

// badURL names the URL that cannot be followed (RFC 4469 section 4.1).
func badURL(text string, why error) error {
	return no(imap.ResponseCode("BADURL "+codeText(text)), "%v", why)
}

// codeText is a text as a response code can hold it.
func codeText(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		if c <= ' ' || c > '~' || c == ']' {
			const hex = "0123456789ABCDEF"
			b.WriteString("%" + hex[c>>4:c>>4+1] + hex[c&15:c&15+1])
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}
