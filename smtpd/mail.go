package smtpd

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"

	"letterbox/directory"
	"letterbox/store"
)

// mail begins a message.
func mail(ctx context.Context, s *session, args string) (*reply, error) {
	if err := s.mayBegin(); err != nil {
		return nil, err
	}
	mailbox, text, err := parsePath(args, "FROM:")
	if err != nil {
		return nil, err
	}
	params, err := parseParameters(text)
	if err != nil {
		return nil, err
	}
	t := newTransaction("")
	if err := s.begin(ctx, t, mailbox, params); err != nil {
		s.journalSender(t, mailbox, err)
		return nil, err
	}
	s.mail = t
	return say(250, "2.1.0", "go on"), nil
}

// begin fills a transaction with what MAIL says, and looks whether there is room.
func (s *session) begin(ctx context.Context, t *transaction, mailbox string, params []parameter) (err error) {
	if err := s.mayBring(); err != nil {
		return err
	}
	for _, p := range params {
		if err := s.mailParameter(t, p); err != nil {
			return err
		}
	}
	if t.sender, err = s.sender(ctx, mailbox, t.utf8); err != nil {
		return err
	}
	return s.srv.cfg.Store.Room(t.size)
}

func (s *session) mayBegin() error {
	switch {
	case s.helo == "":
		return refuse(503, "5.5.1", "say EHLO first")
	case s.mail != nil:
		return refuse(503, "5.5.1", "there is a message under way; RSET forgets it")
	case s.door.submit && !s.private:
		return refuse(530, "5.7.0", "use STARTTLS first, then sign in")
	case s.door.submit && s.user == nil:
		return refuse(530, "5.7.0", "sign in first; this port is for users")
	}
	return nil
}

// sender checks the reverse-path and returns it in its usual form.
func (s *session) sender(ctx context.Context, mailbox string, utf8 bool) (string, error) {
	if mailbox == "" { // reports about mail have no sender, so that none is made about them
		return "", nil
	}
	if !utf8 && !isASCII(mailbox) {
		return "", refuse(553, "5.6.7", "an address with such letters needs SMTPUTF8")
	}
	a, err := directory.ParseAddress(mailbox)
	if err != nil {
		return "", refuse(553, "5.1.7", "%v", err)
	}
	if err := s.maySendAs(ctx, a.String()); err != nil {
		return "", err
	}
	return a.String(), nil
}

// maySendAs refuses addresses that are neither the user's nor a team's that lets them
// send. Where nobody signs in, anybody may claim anything.
func (s *session) maySendAs(ctx context.Context, address string) error {
	if s.user == nil {
		return nil
	}
	own, err := s.srv.cfg.Directory.MaySendAs(ctx, s.user.ID, address)
	if err != nil || own {
		return err
	}
	teams, err := s.srv.cfg.Directory.TeamsAt(ctx, address)
	if err != nil {
		return err
	}
	for _, team := range teams {
		if may, err := s.mayPostFor(ctx, store.AccountID(team)); may || err != nil {
			return err
		}
	}
	s.log.Info("sender refused", "sender", address)
	if len(teams) > 0 {
		return refuse(553, "5.7.1", "%s is a team's, and you may not send for it; use %s, or ask for the right to write in that team", address, s.user.Address)
	}
	return refuse(553, "5.7.1", "%s is not yours to send from; use %s, or ask for an alias", address, s.user.Address)
}

// mayPostFor reports whether the user is a member of a team who may send in its name.
func (s *session) mayPostFor(ctx context.Context, team store.AccountID) (bool, error) {
	members, err := s.srv.cfg.Store.Members(ctx, team)
	return slices.ContainsFunc(members, func(g store.Grant) bool {
		return g.Account == store.AccountID(s.user.ID) && g.Rights.Has(store.Post)
	}), err
}

// mailParameter notes a parameter of MAIL.
func (s *session) mailParameter(t *transaction, p parameter) error {
	if !s.extended {
		return refuse(555, "5.5.4", "parameters need EHLO")
	}
	switch p.key {
	case "SIZE":
		return s.sizeParameter(t, p)
	case "BODY":
		t.body = strings.ToUpper(p.value)
		if t.body != "7BIT" && t.body != "8BITMIME" {
			return refuse(501, "5.5.4", "BODY is 7BIT or 8BITMIME")
		}
	case "SMTPUTF8":
		if t.utf8 = true; p.hasValue {
			return refuse(501, "5.5.4", "SMTPUTF8 has no value")
		}
	case "RET":
		t.ret = strings.ToUpper(p.value)
		if t.ret != "FULL" && t.ret != "HDRS" {
			return refuse(501, "5.5.4", "RET is FULL or HDRS")
		}
	case "ENVID":
		t.envID = p.value
		if !isXtext(p.value) || len(p.value) > 100 { // RFC 3461 section 4.4
			return refuse(501, "5.5.4", "ENVID is up to 100 characters of xtext")
		}
	case "REQUIRETLS":
		return s.requireTLS(t, p)
	case "AUTH": // who wrote it first; nobody here asks (RFC 4954 section 5)
		if !s.door.submit || !isXtext(p.value) {
			return unknownParameter(p)
		}
	default:
		return unknownParameter(p)
	}
	return nil
}

// sizeParameter refuses a message that is too large before it is sent (RFC 1870).
func (s *session) sizeParameter(t *transaction, p parameter) error {
	if len(p.value) > 20 || strings.Trim(p.value, "0123456789") != "" || p.value == "" {
		return refuse(501, "5.5.4", "SIZE is a number of bytes")
	}
	size, err := strconv.ParseInt(p.value, 10, 64)
	if err != nil {
		size = math.MaxInt64
	}
	if limit := s.srv.cfg.Limits.Message; size > limit {
		s.srv.cfg.Telemetry.Refused("too_large")
		return refuse(552, "5.3.4", "a message may have %d bytes; send less, or a link", limit)
	}
	t.size = size
	return nil
}

// requireTLS is RFC 8689 section 2: only where the client came by TLS itself.
func (s *session) requireTLS(t *transaction, p parameter) error {
	switch {
	case p.hasValue:
		return refuse(501, "5.5.4", "REQUIRETLS has no value")
	case s.tls == nil:
		return refuse(530, "5.7.0", "REQUIRETLS needs TLS; use STARTTLS first")
	}
	t.requireTLS = true
	return nil
}
