package report

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

// A Letter is a report on its way to those who asked for it.
type Letter struct {
	TLS       bool   // else DMARC
	Domain    string // that it is about
	Submitter string // the domain that reports
	From      string
	To        []string
	ID        string // of the report: letters, digits, dots and hyphens
	Begin     time.Time
	End       time.Time
	Content   []byte // as Pack makes it
}

// Pack compresses a report, the same report to the same bytes.
func Pack(text []byte) ([]byte, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(text)
	if err == nil {
		err = w.Close()
	}
	return b.Bytes(), err
}

// Filename is that of RFC 7489 section 7.2.1.1 and RFC 8460 section 5.1.
func (l *Letter) Filename() string {
	extension := "xml.gz"
	if l.TLS {
		extension = "json.gz"
	}
	return fmt.Sprintf("%s!%s!%d!%d.%s", l.Submitter, l.Domain, l.Begin.Unix(), l.End.Unix(), extension)
}

// MediaType of the packed report.
func (l *Letter) MediaType() string {
	if l.TLS {
		return "application/tlsrpt+gzip"
	}
	return "application/gzip"
}

// Compose writes the mail (RFC 7489 section 7.2.1.1, RFC 8460 section 5.3). The
// boundary does not occur in base64, and our own text has none.
func (l *Letter) Compose(now time.Time) []byte {
	const boundary = "=_report_=_of_a_day_="
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("From: <%s>", l.From)
	line("To: <%s>", strings.Join(l.To, ">,\r\n\t<"))
	line("Subject: Report Domain: %s\r\n\tSubmitter: %s\r\n\tReport-ID: <%s@%s>", l.Domain, l.Submitter, l.ID, l.Submitter)
	line("Date: %s", now.Format("Mon, 2 Jan 2006 15:04:05 -0700"))
	line("Message-ID: <%s@%s>", l.ID, l.Submitter)
	line("Auto-Submitted: auto-generated") // RFC 3834 section 5
	if l.TLS {
		line("TLS-Report-Domain: %s", l.Domain)
		line("TLS-Report-Submitter: %s", l.Submitter)
	}
	line("MIME-Version: 1.0")
	if l.TLS {
		line("Content-Type: multipart/report; report-type=\"tlsrpt\";\r\n\tboundary=\"%s\"\r\n", boundary)
	} else {
		line("Content-Type: multipart/mixed; boundary=\"%s\"\r\n", boundary)
	}
	line("--%s\r\nContent-Type: text/plain; charset=us-ascii\r\n", boundary)
	b.WriteString(l.words())
	line("\r\n--%s\r\nContent-Type: %s", boundary, l.MediaType())
	line("Content-Transfer-Encoding: base64")
	line("Content-Disposition: attachment;\r\n\tfilename=\"%s\"\r\n", l.Filename())
	for text := base64.StdEncoding.EncodeToString(l.Content); text != ""; {
		n := min(76, len(text))
		line("%s", text[:n])
		text = text[n:]
	}
	line("--%s--", boundary)
	return b.Bytes()
}

// words are for a person who opens it.
func (l *Letter) words() string {
	about := "how mail in the name of " + l.Domain + "\r\narrived at " + l.Submitter + " (DMARC)"
	if l.TLS {
		about = "how connections from " + l.Submitter + "\r\nto the mail servers of " + l.Domain + " were encrypted (TLS-RPT)"
	}
	return fmt.Sprintf("This is a report on %s,\r\nfrom %s to %s.\r\nIt is meant for programs. You get it since the DNS of the domain asks for it.\r\n",
		about, l.Begin.UTC().Format("2006-01-02 15:04"), l.End.UTC().Format("2006-01-02 15:04 UTC"))
}
