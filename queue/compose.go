package queue

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"letterbox/message"
)

// dateFormat is that of RFC 5322 section 3.3.
const dateFormat = "Mon, 2 Jan 2006 15:04:05 -0700"

// maxReturned is how much of a message is given back with RET=FULL.
const maxReturned = 5 << 20

// compose writes a delivery status notification (RFC 3464), or its form for
// addresses beyond ASCII (RFC 6533).
func (q *Queue) compose(ctx context.Context, d *debt, kind string, rows []debtRow, to string, s Schedule) ([]byte, error) {
	original, returned, err := q.returned(ctx, d)
	if err != nil {
		return nil, err
	}
	words := wordsFor(kind, s)
	boundary := rand.Text()
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("From: Mail delivery <mailer-daemon@%s>", q.reporter(d))
	line("To: <%s>", to)
	line("Subject: %s", encodeWords(words.subject+quoteSubject(original.Subject)))
	line("Date: %s", time.Now().Format(dateFormat))
	line("Message-ID: <%s@%s>", rand.Text(), q.reporter(d))
	if original.MessageID != "" && isASCII(original.MessageID) {
		line("In-Reply-To: <%s>", original.MessageID)
		line("References: <%s>", original.MessageID)
	}
	line("Auto-Submitted: auto-replied") // RFC 3834 section 5
	line("MIME-Version: 1.0")
	line("Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"%s\"\r\n", boundary)
	global := !isASCII(to) || !isASCII(string(returned)) || anyUTF8(rows)

	line("--%s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n", boundary)
	b.Write(crlfText(words.text(original, rows)))
	line("\r\n--%s\r\nContent-Type: message/%sdelivery-status\r\nContent-Transfer-Encoding: 8bit\r\n", boundary, prefixIf(global, "global-"))
	b.Write(q.status(d, words.action, rows, global))
	line("\r\n--%s\r\nContent-Type: %s\r\nContent-Transfer-Encoding: 8bit\r\n", boundary, returnedType(d, returned, global))
	b.Write(returned)
	line("\r\n--%s--", boundary)
	return b.Bytes(), nil
}

func prefixIf(yes bool, prefix string) string {
	if yes {
		return prefix
	}
	return ""
}

func anyUTF8(rows []debtRow) bool {
	for _, r := range rows {
		if !isASCII(r.address) || !isASCII(r.reply.Text) {
			return true
		}
	}
	return false
}

// returned is what is given back of the message: its header, or all of it where
// that was asked for and makes sense (RFC 3461 section 4.3).
func (q *Queue) returned(ctx context.Context, d *debt) (*message.Message, []byte, error) {
	body, err := q.Store.OpenHeld(ctx, d.held)
	if err != nil {
		return nil, nil, fmt.Errorf("read message %d: %w", d.id, err)
	}
	defer body.Close()
	m := &content{body: body}
	header, err := m.header()
	if err != nil {
		return nil, nil, fmt.Errorf("read message %d: %w", d.id, err)
	}
	if d.full(body.Size()) {
		var whole bytes.Buffer
		if _, err := body.WriteTo(&whole); err != nil {
			return nil, nil, fmt.Errorf("read message %d: %w", d.id, err)
		}
		return message.ParseHeader(header), whole.Bytes(), nil
	}
	return message.ParseHeader(header), header, nil
}

func (d *debt) full(size int64) bool {
	return d.message.Ret == "FULL" && size <= maxReturned && len(d.of(reportFailed)) > 0
}

func returnedType(d *debt, returned []byte, global bool) string {
	whole := d.full(int64(len(returned))) && bytes.Contains(returned, []byte("\r\n\r\n")) && !bytes.HasSuffix(returned, []byte("\r\n\r\n"))
	switch {
	case whole && global:
		return "message/global"
	case whole:
		return "message/rfc822"
	case global:
		return "message/global-headers"
	}
	return "text/rfc822-headers"
}

// status is the part for programs (RFC 3464 section 2).
func (q *Queue) status(d *debt, action string, rows []debtRow, global bool) []byte {
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	if d.message.EnvID != "" {
		line("Original-Envelope-Id: %s", unxtext(d.message.EnvID))
	}
	line("Reporting-MTA: dns; %s", q.Delivery.Hostname)
	line("Arrival-Date: %s", d.created.Format(dateFormat))
	kind := "rfc822"
	if global {
		kind = "utf-8"
	}
	for _, r := range rows {
		line("")
		if original, address, found := strings.Cut(r.orcpt, ";"); found {
			line("Original-Recipient: %s;%s", original, unxtext(address))
		}
		line("Final-Recipient: %s; %s", kind, r.address)
		line("Action: %s", action)
		line("Status: %s", statusOf(r.reply, action))
		if r.host != "" {
			line("Remote-MTA: dns; %s", r.host)
		}
		if r.reply.Code != 0 {
			line("Diagnostic-Code: smtp; %s", foldText(r.reply.String()))
		}
		line("Last-Attempt-Date: %s", r.at.Format(dateFormat))
	}
	return b.Bytes()
}

// statusOf is the status of a recipient. A message that was given up after
// temporary failures failed for good (RFC 3463: 4.x.x says nothing final).
func statusOf(r Reply, action string) string {
	s := r.Status()
	switch action {
	case "failed":
		if s[0] != '5' {
			return "5.4.7" // delivery time expired
		}
	case "delayed":
		if s[0] != '4' {
			return "4.0.0"
		}
	case "relayed":
		return "2.0.0"
	}
	return s
}

// foldText keeps the lines of a long text short, between words.
func foldText(s string) string {
	var b strings.Builder
	column := 0
	for i, word := range strings.Fields(s) {
		switch {
		case i == 0:
		case column+len(word) > 70:
			b.WriteString("\r\n\t")
			column = 0
		default:
			b.WriteByte(' ')
		}
		b.WriteString(word)
		column += len(word) + 1
	}
	return b.String()
}

// unxtext undoes xtext (RFC 3461 section 4).
func unxtext(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		var c byte
		if s[i] == '+' && i+2 < len(s) {
			if n, err := fmt.Sscanf(s[i+1:i+3], "%02X", &c); n == 1 && err == nil {
				if c > ' ' && c < 0x7f {
					b.WriteByte(c)
				}
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
