package queue

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// A transaction is one message for several recipients on one connection.
type transaction struct {
	sender     string
	recipients []Recipient
	body       string // BODY=, "" when nothing is known
	size       int64
	utf8       bool // something in it is not ASCII
	requireTLS bool
	ret, envid string
	content    io.WriterTo // with CRLF line ends
}

// run returns a reply for each recipient: to RCPT where that was refused, else
// to the message. An error is one of the connection: what was sent before it
// counts for nothing. (If it comes after the message was sent whole, the server
// may have it all the same. SMTP cannot know; it is sent again.)
func (c *client) run(t *transaction) ([]Reply, error) {
	if refused := c.cannot(t); refused != nil {
		return repeat(*refused, len(t.recipients)), nil
	}
	replies, err := c.envelope(t)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(replies, Reply.Good) {
		return replies, c.reset()
	}
	final, err := c.data(t)
	if err != nil {
		return nil, err
	}
	c.sent++
	for i, r := range replies {
		if r.Good() {
			replies[i] = final
		}
	}
	return replies, nil
}

// cannot says why the server cannot take the message, before it is asked.
func (c *client) cannot(t *transaction) *Reply {
	var r Reply
	switch {
	case t.utf8 && !c.can("SMTPUTF8"):
		r = ours("5.6.7", "%s takes no addresses or headers with letters beyond ASCII", c.host)
	case t.requireTLS && !(c.verified && c.can("REQUIRETLS")):
		r = ours("5.7.30", "%s does not promise to keep the message encrypted on its way, as the sender demands", c.host)
	case c.maxSize() > 0 && t.size > c.maxSize():
		r = ours("5.3.4", "%s takes messages of up to %d bytes; this one has %d", c.host, c.maxSize(), t.size)
	default:
		return nil
	}
	return &r
}

// envelope says from whom and for whom, in one go where the server can take that
// (RFC 2920), and returns a reply for each recipient.
func (c *client) envelope(t *transaction) ([]Reply, error) {
	lines := []string{c.mail(t)}
	for _, r := range t.recipients {
		lines = append(lines, c.rcpt(r, t.utf8))
	}
	var replies []Reply
	c.conn.SetDeadline(time.Now().Add(commandTime))
	if c.can("PIPELINING") {
		for _, line := range lines {
			fmt.Fprintf(c.w, "%s\r\n", line)
		}
		if err := c.flush(); err != nil {
			return nil, err
		}
	}
	for i, line := range lines {
		if !c.can("PIPELINING") {
			c.conn.SetDeadline(time.Now().Add(commandTime))
			if err := c.send("%s", line); err != nil {
				return nil, err
			}
		}
		reply, err := c.read()
		if err != nil {
			return nil, err
		}
		switch {
		case reply.Code == 421:
			return nil, &replyError{reply}
		case reply.class() == '3': // asks for something that has no place here
			c.broken = true
			return nil, errNotSMTP
		}
		if i == 0 && !reply.Good() && !c.can("PIPELINING") {
			return repeat(reply, len(t.recipients)), nil
		}
		replies = append(replies, reply)
	}
	if !replies[0].Good() { // the replies to RCPT are but its echo
		return repeat(replies[0], len(t.recipients)), nil
	}
	return replies[1:], nil
}

func (c *client) mail(t *transaction) string {
	line := "MAIL FROM:<" + t.sender + ">"
	if c.can("SIZE") {
		line += fmt.Sprintf(" SIZE=%d", t.size)
	}
	if c.can("8BITMIME") && t.body != "" {
		line += " BODY=" + t.body
	}
	if t.utf8 {
		line += " SMTPUTF8"
	}
	if t.requireTLS {
		line += " REQUIRETLS"
	}
	if c.can("DSN") {
		if t.ret != "" {
			line += " RET=" + t.ret
		}
		if t.envid != "" {
			line += " ENVID=" + t.envid
		}
	}
	return line
}

func (c *client) rcpt(r Recipient, utf8 bool) string {
	line := "RCPT TO:<" + r.Address + ">"
	if c.can("DSN") {
		if r.Notify != "" {
			line += " NOTIFY=" + r.Notify
		}
		if r.ORcpt != "" && (isASCII(r.ORcpt) || utf8) {
			line += " ORCPT=" + r.ORcpt
		}
	}
	return line
}

// data sends the message and returns what the server says to it.
func (c *client) data(t *transaction) (Reply, error) {
	reply, err := c.command(dataTime, "DATA")
	var refused *replyError
	if errors.As(err, &refused) && !c.broken {
		return reply, nil
	}
	if err != nil {
		return reply, err
	}
	if reply.Code != 354 {
		c.broken = true
		return reply, errNotSMTP
	}
	w := &dotWriter{c: c, lineStart: true}
	if _, err := t.content.WriteTo(w); err != nil {
		c.broken = true // there is no way to take back half a message but to hang up
		return reply, fmt.Errorf("send message to %s: %w", c.host, err)
	}
	if err := w.end(); err != nil {
		return reply, err
	}
	c.conn.SetDeadline(time.Now().Add(finalTime))
	return c.read()
}

func (c *client) reset() error {
	if c.broken {
		return nil
	}
	_, err := c.command(commandTime, "RSET")
	return err
}

// A dotWriter doubles dots at the beginning of lines (RFC 5321 section 4.5.2).
type dotWriter struct {
	c         *client
	lineStart bool
	last      byte
}

func (w *dotWriter) Write(p []byte) (int, error) {
	w.c.conn.SetDeadline(time.Now().Add(blockTime))
	from := 0
	for i, b := range p {
		if w.lineStart && b == '.' {
			w.c.w.Write(p[from:i])
			w.c.w.WriteByte('.')
			from = i
		}
		w.lineStart = b == '\n' && w.last == '\r'
		w.last = b
	}
	_, err := w.c.w.Write(p[from:])
	return len(p), err
}

func (w *dotWriter) end() error {
	if !w.lineStart {
		w.c.w.WriteString("\r\n")
	}
	w.c.w.WriteString(".\r\n")
	return w.c.flush()
}

func repeat(r Reply, n int) []Reply { return slices.Repeat([]Reply{r}, n) }

func has(list []string, word string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, word) })
}

func encode64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func decode64(s string) ([]byte, error) { return base64.StdEncoding.DecodeString(s) }
