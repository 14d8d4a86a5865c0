package smtpd

import (
	"crypto/rand"
	"crypto/tls"
	"strings"
	"time"

	"letterbox/delivery"
	"letterbox/directory"
	"letterbox/queue"
)

// A transaction is one message from MAIL to its end.
type transaction struct {
	id         string
	sender     string // "" for <>
	size       int64  // as announced; 0 when it was not
	body       string // "", "7BIT", "8BITMIME"
	utf8       bool
	requireTLS bool
	ret, envID string // DSN wishes, as on the wire

	messageID  string   // once the message is there; "" for none
	recipients int      // that were accepted
	only       string   // the first of them
	reports    []string // those of them that take reports of other servers
	local      []directory.Recipient
	remote     []queue.Recipient
	passedOn   []directory.Recipient // who passes it on and gets no copy
	delivered  []queue.Recipient     // who is here, and of whom the sender wishes to hear that they have it
	disposable []int64               // addresses that people made for one purpose

	chunks *incoming // of BDAT; nil before the first
}

func newTransaction(sender string) *transaction {
	return &transaction{id: rand.Text()[:16], sender: sender}
}

func (t *transaction) close() {
	if t.chunks != nil {
		t.chunks.close()
	}
}

// envelope is what delivery has to know.
func (s *session) envelope() delivery.Envelope {
	t := s.mail
	e := delivery.Envelope{
		ID:       t.id,
		Sender:   t.sender,
		Helo:     s.helo,
		Remote:   s.peer,
		Protocol: s.protocol(),
		User:     s.user,
		Received: time.Now(),
	}
	if t.recipients == 1 {
		e.For = t.only
	}
	if s.tls != nil {
		e.TLS = tlsWords(s.tls)
	}
	return e
}

// protocol is the word behind "with" in Received (RFC 3848; RFC 6531 section
// 4.3).
func (s *session) protocol() string {
	word := "SMTP"
	switch {
	case s.mail.utf8:
		word = "UTF8SMTP"
	case s.extended:
		word = "ESMTP"
	}
	if s.tls != nil && s.extended {
		word += "S"
	}
	if s.user != nil {
		word += "A"
	}
	return word
}

// tlsWords are such as "TLSv1.3 TLS_AES_128_GCM_SHA256".
func tlsWords(state *tls.ConnectionState) string {
	version := strings.ReplaceAll(tls.VersionName(state.Version), "TLS ", "TLSv")
	return version + " " + tls.CipherSuiteName(state.CipherSuite)
}

// outbound is the part of the message that leaves, be it as a report alone; nil
// when nothing does.
func (s *session) outbound() *queue.Message {
	t := s.mail
	if len(t.remote)+len(t.delivered) == 0 {
		return nil
	}
	m := &queue.Message{
		Sender:     t.sender,
		Recipients: t.remote,
		Delivered:  t.delivered,
		Body:       t.body,
		SMTPUTF8:   t.utf8,
		RequireTLS: t.requireTLS,
		Ret:        t.ret,
		EnvID:      t.envID,
	}
	if s.user != nil {
		m.Account = s.user.ID
	}
	return m
}
