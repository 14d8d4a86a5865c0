package admin

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/mail"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/delivery"
	"letterbox/directory"
	"letterbox/message"
	"letterbox/queue"
	"letterbox/store"
)

// testSetting is where the last test mail is remembered.
const testSetting = "setup.mail"

// A testMail went to an address elsewhere, to see mail leave and come back.
type testMail struct {
	Token string // in its Message-ID, and so in answers to it
	From  string // who sent it, and gets the answer
	To    string
	At    time.Time

	Waiting *queue.Item // in the queue still; nil: it left
	Answer  string      // who answered; "" for nobody yet
	Bounced bool        // the answer is a report that it could not be delivered
}

// state is as icon.templ draws it.
func (t *testMail) state() string {
	switch {
	case t == nil:
		return "off"
	case t.Bounced:
		return "bad"
	case t.Answer != "":
		return "good"
	case t.Waiting != nil:
		return "warn"
	}
	return "off"
}

// testMail finds out what became of the last one; nil when there was none.
func (v *visit) testMail() (*testMail, error) {
	text, set, err := v.Directory.Setting(v.context(), testSetting)
	if err != nil || !set {
		return nil, err
	}
	t := new(testMail)
	if err := json.Unmarshal([]byte(text), t); err != nil {
		return nil, fmt.Errorf("read what is known about the test mail: %w", err)
	}
	items, err := v.Queue.List(v.context())
	if err != nil {
		return nil, err
	}
	for _, item := range items {
		if item.EnvID == t.Token {
			t.Waiting = &item
		}
	}
	return t, v.findAnswer(t)
}

// newest is how many messages are looked through for the answer.
const newest = 100

// findAnswer looks for the answer in the inbox of who sent it.
func (v *visit) findAnswer(t *testMail) error {
	user, err := v.Directory.User(v.context(), t.From)
	if err != nil {
		return nil // who sent it has gone, and so has the answer
	}
	for _, name := range []string{"INBOX", "Junk"} {
		box, err := v.Store.Mailbox(v.context(), store.AccountID(user.ID), name)
		if err != nil {
			continue // not every account has every folder
		}
		first := imap.UID(max(1, int64(box.UIDNext)-newest))
		err = v.Store.Rows(v.context(), box.ID, imap.UIDSet{{Start: first}}, store.WithHeader, func(row *store.Row) error {
			if t.answeredBy(row.Header) {
				m := message.ParseHeader(row.Header)
				t.Answer = author(m)
				t.Bounced = isReport(row.Header)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// answeredBy reports whether a message answers the test.
func (t *testMail) answeredBy(header []byte) bool {
	refers := slices.Concat(message.HeaderValues(header, "In-Reply-To"), message.HeaderValues(header, "References"))
	return strings.Contains(strings.Join(refers, " "), t.Token)
}

// isReport reports whether a message says that another could not be delivered.
func isReport(header []byte) bool {
	kind := strings.ToLower(strings.Join(message.HeaderValues(header, "Content-Type"), " "))
	return strings.HasPrefix(strings.TrimSpace(kind), "multipart/report")
}

func (v *visit) guideMail() error { return v.showGuideMail(http.StatusOK, blank(nil)) }

func (v *visit) showGuideMail(status int, f *form) error {
	g, err := v.progress()
	if err != nil {
		return err
	}
	test, err := v.testMail()
	if err != nil {
		return err
	}
	return v.show(status, guideMailPage(v.page("overview", v.Say("guide.mail")), g, f, test))
}

// sendTest sends the test mail, in the visitor's own name.
func (v *visit) sendTest() error {
	f, err := v.form()
	if err != nil {
		return err
	}
	to, err := directory.ParseAddress(f.Text("to"))
	if err != nil {
		f.Reject("to", v.Say("guide.test.bad"))
		return v.showGuideMail(http.StatusUnprocessableEntity, f)
	}
	domains, err := v.Directory.Domains(v.context())
	if err != nil {
		return err
	}
	if slices.ContainsFunc(domains, func(d directory.Domain) bool { return d.Name == to.Domain }) {
		f.Reject("to", v.Say("guide.test.ours"))
		return v.showGuideMail(http.StatusUnprocessableEntity, f)
	}
	t := &testMail{Token: strings.ToLower(rand.Text()), From: v.user.Address, To: to.String(), At: v.now}
	if err := v.submit(t); err != nil {
		return err
	}
	kept, err := json.Marshal(t)
	if err != nil {
		return err
	}
	if err := v.Directory.SetSetting(v.context(), testSetting, string(kept)); err != nil {
		return err
	}
	return v.done("/guide/mail", "guide.test.sent", t.To)
}

// submit hands the mail to the queue, as if the visitor had sent it.
func (v *visit) submit(t *testMail) error {
	_, domain, _ := strings.Cut(t.From, "@")
	var raw bytes.Buffer
	from := mail.Address{Name: v.user.Name, Address: t.From}
	fmt.Fprintf(&raw, "Date: %s\r\nFrom: %s\r\nTo: <%s>\r\nMessage-ID: <%s@%s>\r\nSubject: %s\r\n",
		v.now.Format(time.RFC1123Z), from.String(), t.To, t.Token, domain, v.Say("guide.test.subject"))
	fmt.Fprintf(&raw, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n%s\r\n",
		v.Say("guide.test.text"))
	envelope := delivery.Envelope{
		ID: t.Token, Sender: t.From, Helo: v.Hostname, Remote: v.remote, Protocol: "HTTPS",
		User: v.user, Received: v.now, For: t.To,
	}
	return v.Queue.Accept(v.context(), envelope, raw.Bytes(), nil, &queue.Message{
		Account: v.user.ID, Sender: t.From, Body: "8BITMIME", EnvID: t.Token,
		Recipients: []queue.Recipient{{Address: t.To}},
	})
}
