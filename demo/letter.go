package demo

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
)

// A letter is a message before it is written out. In addresses, ids and texts
// @HERE stands for the domain of the two.
type letter struct {
	owner, mailbox string
	flags          []imap.Flag
	ago            time.Duration
	from, to, cc   string // address lists, names in UTF-8
	subject        string
	id             string   // left of the @ of the Message-ID
	answers        []string // the ids of the thread so far, oldest first
	header         string   // further lines, each with "\n"
	body           part
}

// A part is a node of a MIME tree.
type part struct {
	kind        string // Content-Type with its parameters
	disposition string
	cid         string
	encoding    string // quoted-printable, base64 or 8bit
	data        []byte
	parts       []part // of a multipart
}

func text(s string) part {
	return part{kind: "text/plain; charset=utf-8", encoding: "quoted-printable", data: []byte(s)}
}

func html(s string) part {
	return part{kind: "text/html; charset=utf-8", encoding: "quoted-printable", data: []byte(s)}
}

func attachment(name, kind string, data []byte) part {
	return part{
		kind:        kind,
		disposition: mime.FormatMediaType("attachment", map[string]string{"filename": name}),
		encoding:    "base64",
		data:        data,
	}
}

// shown is a picture that the HTML beside it shows as cid:name.
func shown(name, kind string, data []byte) part {
	p := attachment(name, kind, data)
	p.disposition, p.cid = "inline", name
	return p
}

func mixed(parts ...part) part       { return part{kind: "multipart/mixed", parts: parts} }
func alternative(parts ...part) part { return part{kind: "multipart/alternative", parts: parts} }
func related(parts ...part) part     { return part{kind: "multipart/related", parts: parts} }

// raw writes the letter out as RFC 5322 has it.
func (l *letter) raw(domain string, now time.Time) []byte {
	var b bytes.Buffer
	field := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s: %s\r\n", name, value)
		}
	}
	field("From", addresses(l.from))
	field("To", addresses(l.to))
	field("Cc", addresses(l.cc))
	field("Subject", mime.QEncoding.Encode("utf-8", l.subject))
	field("Date", now.Add(-l.ago).Format(time.RFC1123Z))
	field("Message-ID", "<"+l.id+"@HERE>")
	if n := len(l.answers); n > 0 {
		field("In-Reply-To", "<"+l.answers[n-1]+"@HERE>")
		field("References", "<"+strings.Join(l.answers, "@HERE>\r\n <")+"@HERE>")
	}
	b.WriteString(strings.ReplaceAll(l.header, "\n", "\r\n"))
	b.WriteString("MIME-Version: 1.0\r\n")
	header, body := l.body.render(l.id)
	for _, name := range []string{"Content-Type", "Content-Transfer-Encoding", "Content-Disposition"} {
		field(name, header.Get(name))
	}
	b.WriteString("\r\n")
	b.Write(body)
	return bytes.ReplaceAll(b.Bytes(), []byte("@HERE"), []byte("@"+domain))
}

// addresses encodes the names of a list for a header field.
func addresses(list string) string {
	if list == "" || strings.HasSuffix(list, ";") { // a group needs no encoding here
		return list
	}
	parsed, err := mail.ParseAddressList(strings.ReplaceAll(list, "@HERE", "@here.invalid"))
	if err != nil {
		return list
	}
	encoded := make([]string, len(parsed))
	for i, a := range parsed {
		encoded[i] = strings.ReplaceAll(a.String(), "@here.invalid", "@HERE")
	}
	return strings.Join(encoded, ",\r\n ")
}

// render gives a part's header and body. name makes boundaries that do not
// repeat within a message.
func (p part) render(name string) (textproto.MIMEHeader, []byte) {
	header := textproto.MIMEHeader{}
	set := func(key, value string) {
		if value != "" {
			header.Set(key, value)
		}
	}
	set("Content-Disposition", p.disposition)
	if p.cid != "" {
		set("Content-ID", "<"+p.cid+"@HERE>")
	}
	if p.parts == nil {
		set("Content-Type", p.kind)
		set("Content-Transfer-Encoding", p.encoding)
		return header, encode(p.encoding, p.data)
	}
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	// A letter's own name and the place in it: nothing in the texts looks so.
	if err := w.SetBoundary("=_" + name); err != nil {
		return header, nil
	}
	for i, child := range p.parts {
		h, body := child.render(fmt.Sprintf("%s.%d", name, i+1))
		if pw, err := w.CreatePart(h); err == nil {
			pw.Write(body)
		}
	}
	w.Close()
	set("Content-Type", fmt.Sprintf("%s;\r\n boundary=%q", p.kind, w.Boundary()))
	return header, b.Bytes()
}

// encode applies a transfer encoding. Line ends of text become CRLF.
func encode(encoding string, data []byte) []byte {
	var b bytes.Buffer
	switch encoding {
	case "quoted-printable":
		w := quotedprintable.NewWriter(&b)
		w.Write(data)
		w.Close()
	case "base64":
		line := base64.StdEncoding.EncodeToString(data)
		for len(line) > 76 {
			b.WriteString(line[:76] + "\n")
			line = line[76:]
		}
		b.WriteString(line + "\n")
	default:
		b.Write(data)
	}
	unix := bytes.ReplaceAll(b.Bytes(), []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(unix, []byte("\n"), []byte("\r\n"))
}
