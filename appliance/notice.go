package appliance

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"html"
	"mime"
	"strings"
	"time"

	"letterbox/directory"
)

// A notice is a message that the appliance writes to one of its users: plain
// text, and the same in simple HTML.
type notice struct {
	subject    string
	paragraphs []string
	rows       [][2]string // a table below the first paragraph
}

// compose writes the message. Nobody answers a machine (RFC 3834 section 5).
func (n notice) compose(host string, to *directory.User, now time.Time) []byte {
	_, domain, _ := strings.Cut(to.Address, "@")
	boundary := rand.Text()
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("From: Letterbox <postmaster@%s>", domain)
	line("To: <%s>", to.Address)
	line("Subject: %s", mime.QEncoding.Encode("utf-8", n.subject))
	line("Date: %s", now.Format("Mon, 2 Jan 2006 15:04:05 -0700"))
	line("Message-ID: <%s@%s>", rand.Text(), host)
	line("Auto-Submitted: auto-generated")
	line("MIME-Version: 1.0")
	line("Content-Type: multipart/alternative; boundary=%q\r\n", boundary)
	for _, part := range [][2]string{{"plain", n.text()}, {"html", n.html()}} {
		line("--%s\r\nContent-Type: text/%s; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n", boundary, part[0])
		b.WriteString(strings.ReplaceAll(part[1], "\n", "\r\n"))
	}
	line("--%s--", boundary)
	return b.Bytes()
}

func (n notice) text() string {
	var b strings.Builder
	for i, p := range n.paragraphs {
		b.WriteString(p + "\n\n")
		if i > 0 || len(n.rows) == 0 {
			continue
		}
		for _, row := range n.rows {
			fmt.Fprintf(&b, "  %-24s %12s\n", row[0], row[1])
		}
		b.WriteString("\n")
	}
	return b.String()
}

func (n notice) html() string {
	var b strings.Builder
	b.WriteString("<!DOCTYPE html><html><body>\n")
	for i, p := range n.paragraphs {
		fmt.Fprintf(&b, "<p>%s</p>\n", html.EscapeString(p))
		if i > 0 || len(n.rows) == 0 {
			continue
		}
		b.WriteString("<table>\n")
		for _, row := range n.rows {
			fmt.Fprintf(&b, "<tr><td>%s</td><td align=\"right\">%s</td></tr>\n", html.EscapeString(row[0]), html.EscapeString(row[1]))
		}
		b.WriteString("</table>\n")
	}
	b.WriteString("</body></html>\n")
	return b.String()
}
