package admin

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"strings"
	"time"

	"letterbox/directory"
	"letterbox/queue"
)

// forwardPath is where on the web pages a token is taken, which follows it.
const forwardPath = "/forwarding/"

// mailForwardLink asks whoever reads the mail of an address whether they want the
// visitor's. That they were asked is noted with the message, or neither is.
func (v *visit) mailForwardLink(to directory.Address, keep bool) error {
	token := rand.Text()
	m := &queue.Message{Recipients: []queue.Recipient{{Address: to.String()}}, SMTPUTF8: !isASCII(to.Local)}
	note := v.Directory.AskForward(v.context(), v.user.ID, to.String(), keep, token)
	return v.Queue.Post(v.context(), m, v.forwardLink(to, token), note)
}

// forwardLink is the message. It has nothing in it that a user could write, or they
// could have us say to strangers what they like.
func (v *visit) forwardLink(to directory.Address, token string) []byte {
	_, domain, _ := strings.Cut(v.user.Address, "@")
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("From: Letterbox <postmaster@%s>", domain)
	line("To: <%s>", to)
	line("Subject: %s", mime.QEncoding.Encode("utf-8", v.Say("forwarding.mail.subject", v.user.Address)))
	line("Date: %s", v.now.Format(time.RFC1123Z))
	line("Message-ID: <%s@%s>", rand.Text(), domain)
	line("Auto-Submitted: auto-generated")
	line("MIME-Version: 1.0")
	line("Content-Type: text/plain; charset=utf-8")
	line("Content-Transfer-Encoding: quoted-printable\r\n")
	text := quotedprintable.NewWriter(&b)
	for _, paragraph := range []string{
		v.Say("forwarding.mail.what", v.user.Address, to.String()),
		v.Say("forwarding.mail.agree", v.Date(v.now.Add(directory.ForwardRequestTime))),
		v.Link(forwardPath + token),
		v.Say("forwarding.mail.ignore"),
	} {
		fmt.Fprint(text, paragraph+"\r\n\r\n")
	}
	_ = text.Close() // a buffer takes everything
	return b.Bytes()
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > '~' })
}
