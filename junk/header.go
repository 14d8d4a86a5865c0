package junk

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"letterbox/message"
)

// silent are header fields of which not even their presence counts: the way a
// message took here says more about the way than about the message.
var silent = map[string]bool{
	"received": true, "return-path": true, "delivered-to": true, "x-original-to": true,
	"authentication-results": true, "received-spf": true, "dkim-signature": true,
	"arc-seal": true, "arc-message-signature": true, "arc-authentication-results": true,
	"date": true, "message-id": true, "to": true, "cc": true,
	"x-spam-status": true, "x-spam-flag": true, "x-spam-level": true, "x-spam-checker-version": true,
	"x-letterbox-junk": true,
}

// telling are fields whose words count.
var telling = map[string]bool{
	"x-mailer": true, "user-agent": true, "precedence": true, "x-priority": true, "importance": true,
	"list-id": true, "content-type": true, "content-transfer-encoding": true, "auto-submitted": true,
	"organization": true,
}

// header reads the outermost header.
func (c *collector) header(raw []byte, m *message.Message) {
	var text limitedText
	_ = message.WriteHeaderText(&text, raw) // the limit ends it
	for line := range strings.Lines(text.String()) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		name = strings.ToLower(strings.TrimSpace(name))
		switch {
		case silent[name] || len(name) > 40:
		case name == "subject":
			c.subject(value)
		case telling[name]:
			c.words(name+":", []byte(value))
		default:
			c.add("has:" + name)
		}
	}
	if slices.ContainsFunc(raw, func(b byte) bool { return b >= utf8.RuneSelf }) {
		c.add("header not in ascii")
	}
	c.people(m)
}

// subject counts its words apart, and how it is shouted.
func (c *collector) subject(value string) {
	c.words("subject:", []byte(value))
	upper, lower := 0, 0
	for _, r := range value {
		switch {
		case 'A' <= r && r <= 'Z':
			upper++
		case 'a' <= r && r <= 'z':
			lower++
		}
	}
	if upper > 5 && lower*3 < upper {
		c.add("subject in capitals")
	}
	if strings.Contains(value, "!!") || strings.Contains(value, "$$") {
		c.add("subject with !!")
	}
}

// people notes who it claims to be from.
func (c *collector) people(m *message.Message) {
	from := ""
	for i, a := range m.From {
		if i == 0 {
			from = strings.ToLower(a.Domain)
		}
		c.words("from:", []byte(shorten(a.Name)))
		c.add("from:" + shorten(strings.ToLower(a.Local+"@"+a.Domain)))
		c.domain("from:", strings.ToLower(a.Domain))
		if strings.Contains(a.Name, "@") && !strings.Contains(strings.ToLower(a.Name), from) {
			c.add("another address as name")
		}
	}
	for i, a := range m.ReplyTo {
		if i == 0 && !strings.EqualFold(a.Domain, from) {
			c.add("answers go elsewhere")
		}
		c.domain("reply:", strings.ToLower(a.Domain))
	}
	switch n := len(m.To) + len(m.Cc); {
	case n == 0:
		c.add("to nobody")
	case n > 10:
		c.add("to many")
	default:
		c.add("to " + strconv.Itoa(n))
	}
	if len(m.InReplyTo) == 0 && len(m.References) == 0 && strings.HasPrefix(strings.ToLower(m.Subject), "re:") {
		c.add("answers nothing")
	}
	if m.MessageID == "" {
		c.add("no message-id")
	}
	if m.Date.IsZero() {
		c.add("no date")
	}
}

// domain notes a domain and what it lies in, so that names made for one mailing
// are known by what they have in common.
func (c *collector) domain(kind, domain string) {
	domain = shorten(strings.Trim(domain, "."))
	for range 3 {
		if domain == "" {
			return
		}
		c.add(kind + domain)
		_, above, found := strings.Cut(domain, ".")
		if !found {
			return
		}
		domain = above
	}
}

// A limitedText takes so much of a header and then fails.
type limitedText struct{ strings.Builder }

func (l *limitedText) Write(p []byte) (int, error) {
	if l.Len()+len(p) > maxHeader {
		return 0, errEnough
	}
	return l.Builder.Write(p)
}

func (l *limitedText) WriteString(s string) (int, error) { return l.Write([]byte(s)) }
