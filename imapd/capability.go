package imapd

import (
	"context"
	"strings"

	"letterbox/imapd/wire"
)

// A capability is a word of the CAPABILITY response and when it is there.
type capability struct {
	name string
	when states
}

// capabilityList is what is offered, beside what depends on the connection: see
// capabilityNames. RFC 9051 section 7.2.2 lets the list differ between states;
// before sign-in it holds what a client needs in order to sign in.
func capabilityList() []capability {
	return []capability{
		{"IMAP4rev1", anyState},
		{"IMAP4rev2", anyState},
		{"LITERAL+", anyState},
		{"SASL-IR", anyState},
		{"ID", anyState},
		{"ENABLE", anyState},
		{"IDLE", anyState},
		{"LANGUAGE", anyState},
		{"NAMESPACE", signedIn},
		{"UNSELECT", signedIn},
		{"CHILDREN", signedIn},
		{"LIST-EXTENDED", signedIn},
		{"LIST-STATUS", signedIn},
		{"SPECIAL-USE", signedIn},
		{"CREATE-SPECIAL-USE", signedIn},
		{"STATUS=SIZE", signedIn},
		{"OBJECTID", signedIn},
		{"UTF8=ACCEPT", signedIn},
		{"UIDPLUS", signedIn},
		{"MOVE", signedIn},
		{"NOTIFY", signedIn},
		{"COMPRESS=DEFLATE", signedIn},
		{"UNAUTHENTICATE", signedIn},
		{"INPROGRESS", signedIn},
		{"I18NLEVEL=1", signedIn},
		{"XLIST", signedIn},
		{"CONDSTORE", signedIn},
		{"QRESYNC", signedIn},
		{"ESEARCH", signedIn},
		{"SEARCHRES", signedIn},
		{"WITHIN", signedIn},
		{"SORT", signedIn},
		{"SORT=DISPLAY", signedIn},
		{"ESORT", signedIn},
		{"CONTEXT=SEARCH", signedIn},
		{"CONTEXT=SORT", signedIn},
		{"PARTIAL", signedIn},
		{"THREAD=ORDEREDSUBJECT", signedIn},
		{"THREAD=REFERENCES", signedIn},
		{"THREAD=REFS", signedIn},
		{"MULTISEARCH", signedIn},
		{"SEARCH=FUZZY", signedIn},
		{"FILTERS", signedIn},
		{"PREVIEW", signedIn},
		{"BINARY", signedIn},
		{"MULTIAPPEND", signedIn},
		{"SAVEDATE", signedIn},
		{"REPLACE", signedIn},
		{"CATENATE", signedIn},
		{"URL-PARTIAL", signedIn},
		{"URLAUTH", signedIn},
		{"URLAUTH=BINARY", signedIn},
		{"ACL", signedIn},
		{"RIGHTS=kxte", signedIn},
		{"LIST-MYRIGHTS", signedIn},
		{"METADATA", signedIn},
		{"LIST-METADATA", signedIn},
		{"QUOTA", signedIn},
		{"QUOTA=RES-STORAGE", signedIn},
		{"QUOTA=RES-MESSAGE", signedIn},
		{"QUOTA=RES-MAILBOX", signedIn},
	}
}

// capabilityNames is what the client may use now.
func (s *session) capabilityNames() []string {
	var names []string
	for _, c := range capabilityList() {
		if c.when&s.state() != 0 {
			names = append(names, c.name)
		}
	}
	if s.user == nil {
		names = append(names, s.waysIn()...)
	} else {
		names = append(names, s.appendLimitCapability())
		names = append(names, s.offer.added...)
		if s.user.Role == "admin" {
			names = append(names, "QUOTASET") // RFC 9208 section 4.1.3
		}
	}
	return s.offer.without(names)
}

// waysIn is how the client may sign in.
func (s *session) waysIn() []string {
	var names []string
	if s.srv.cfg.TLS != nil && !s.overTLS {
		names = append(names, "STARTTLS")
	}
	if !s.private {
		names = append(names, "LOGINDISABLED") // RFC 9051 section 6.2.3
	}
	for _, mechanism := range s.srv.cfg.Directory.Mechanisms(s.signInPeer(), s.private) {
		names = append(names, "AUTH="+mechanism)
	}
	return names
}

// capabilityCode is the list as a response code, which saves clients a round
// trip.
func (s *session) capabilityCode() wire.Code {
	return wire.Code("CAPABILITY " + strings.Join(s.capabilityNames(), " "))
}

// capabilities runs CAPABILITY (RFC 9051 section 6.1.1).
func capabilities(_ context.Context, s *session, d *wire.Decoder, _ *call) error {
	if err := d.End(); err != nil {
		return err
	}
	s.enc.Text("* CAPABILITY " + strings.Join(s.capabilityNames(), " "))
	s.enc.CRLF()
	return nil
}
