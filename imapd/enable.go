package imapd

import (
	"context"
	"strings"

	"letterbox/imapd/wire"
)

// enabling lists what ENABLE can switch on, and how.
func enabling() map[string]func(*session) {
	return map[string]func(*session){
		"IMAP4REV2": func(s *session) {
			s.rev2 = true
			s.speakUTF8()
		},
		"UTF8=ACCEPT": (*session).speakUTF8,
		"CONDSTORE":   (*session).condstoreAware,
		"UIDONLY":     func(s *session) { s.uidOnly = true },
		"QRESYNC": func(s *session) { // RFC 7162 section 3.2.3: with or without CONDSTORE beside it
			s.condstoreAware()
			s.qresync = true
		},
	}
}

// mayEnable passes over what is withheld, and over UIDONLY unless it is offered.
func (s *session) mayEnable(name string) bool {
	return !s.offer.withholds(name) && (name != "UIDONLY" || s.offer.has(name))
}

// speakUTF8 makes mailbox names UTF-8 both ways (RFC 6855 section 3, RFC 9051
// section 5.1).
func (s *session) speakUTF8() {
	s.utf8, s.dec.UTF8, s.enc.UTF8 = true, true, true
}

// enable runs ENABLE (RFC 9051 section 6.3.1). Whatever is not known is passed
// over, and ENABLED is sent even when nothing was enabled: clients wait for it.
func enable(_ context.Context, s *session, d *wire.Decoder, _ *call) error {
	var names []string
	for {
		d.SP()
		names = append(names, d.Keyword())
		if d.AtEnd() {
			break
		}
	}
	if err := d.End(); err != nil {
		return err
	}
	s.enc.Text("* ENABLED")
	table := enabling()
	for _, name := range names {
		if on := table[name]; on != nil && s.mayEnable(name) {
			on(s)
			delete(table, name) // each is reported once
			s.enc.Text(" " + strings.Replace(name, "IMAP4REV", "IMAP4rev", 1))
		}
	}
	s.enc.CRLF()
	return nil
}
