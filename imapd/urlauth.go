package imapd

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/directory"
	"letterbox/imapd/wire"
	"letterbox/store"
)

// URLs that let others fetch a part of a message (RFC 4467). They are signed with
// a key of the user for the mailbox, by the mechanism INTERNAL. The name of the
// server in them is covered by the signature and means nothing else: this server
// goes by many names.

// internal is the one mechanism.
const internal = "INTERNAL"

// algorithm begins each token: it says how the rest was made, HMAC-SHA-256.
const algorithm = "01"

// maxURLs bounds the URLs of one command.
const maxURLs = 100

// token signs a URL.
func token(key []byte, rump string) string {
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write([]byte(rump)) // never fails
	return algorithm + hex.EncodeToString(mac.Sum(nil))
}

// resetKey runs RESETKEY (RFC 4467 section 7): all of one's keys go, or that of a
// mailbox is replaced, and what was authorized with them counts no more.
func resetKey(ctx context.Context, s *session, d *wire.Decoder, c *call) error {
	if d.AtEnd() {
		if err := d.End(); err != nil {
			return err
		}
		return s.srv.cfg.Store.RemoveURLKeys(ctx, s.account())
	}
	d.SP()
	name := d.Mailbox()
	var mechanisms []string
	for d.Accept(' ') {
		mechanisms = append(mechanisms, d.Keyword())
	}
	if err := d.End(); err != nil {
		return err
	}
	for _, m := range mechanisms {
		if m != internal {
			return noMechanism(m)
		}
	}
	m, err := s.mailbox(ctx, name, store.Read)
	if err != nil {
		return err
	}
	if err := s.srv.cfg.Store.ResetURLKey(ctx, m.ID, s.account()); err != nil {
		return err
	}
	c.code, c.text = "URLMECH "+internal, "RESETKEY completed"
	return nil
}

func noMechanism(name string) error {
	return no(imap.ResponseCodeCannot, "the mechanism %.40s is not known; %s is", name, internal)
}

// genURLAuth runs GENURLAUTH (RFC 4467 section 7).
func genURLAuth(ctx context.Context, s *session, d *wire.Decoder, _ *call) error {
	var urls, mechanisms []string
	for d.Err() == nil && !d.AtEnd() {
		d.SP()
		urls = append(urls, d.AString())
		d.SP()
		mechanisms = append(mechanisms, d.Keyword())
	}
	if len(urls) == 0 || len(urls) > maxURLs {
		d.Fail("one URL with its mechanism, or more")
	}
	if err := d.End(); err != nil {
		return err
	}
	signed := make([]string, len(urls))
	for i, text := range urls {
		if mechanisms[i] != internal {
			return noMechanism(mechanisms[i])
		}
		var err error
		if signed[i], err = s.sign(ctx, text); err != nil {
			return err
		}
	}
	s.enc.Text("* GENURLAUTH")
	for _, text := range signed {
		s.enc.SP()
		s.enc.String(text)
	}
	s.enc.CRLF()
	return nil
}

// sign signs a URL of the user's own.
func (s *session) sign(ctx context.Context, text string) (string, error) {
	u, err := wire.ParseURL(text)
	switch {
	case err != nil:
		return "", bad("%v", err)
	case u.User == "":
		return "", bad("the URL does not say whose it is: imap://USER@SERVER/...")
	case u.Access == "" || u.Mechanism != "":
		return "", bad("the URL does not end with ;URLAUTH= and who may use it")
	}
	owner, err := s.srv.cfg.Directory.UserNamed(ctx, u.User)
	if errors.Is(err, directory.ErrNoSuchUser) || err == nil && owner.ID != s.user.ID {
		return "", no(imap.ResponseCodeNoPerm, "only URLs of one's own can be authorized")
	}
	if err != nil {
		return "", err
	}
	m, err := s.mailbox(ctx, u.Mailbox, store.Read)
	if err != nil {
		return "", err
	}
	key, err := s.srv.cfg.Store.MakeURLKey(ctx, m.ID, s.account())
	if err != nil {
		return "", err
	}
	return text + ":" + internal + ":" + token(key, u.Rump), nil
}

// authorized checks a signed URL and says in whose name it is followed; errBadURL
// (RFC 4467 section 6).
func (s *session) authorized(ctx context.Context, text string) (*wire.URL, visitor, error) {
	u, err := wire.ParseURL(text)
	if err != nil {
		return nil, visitor{}, fmt.Errorf("%w: %w", errBadURL, err)
	}
	v, key, err := s.authorizer(ctx, u)
	if err != nil {
		return nil, v, err
	}
	if key == nil {
		// As long as with a key: nobody learns which mailboxes there are.
		key = make([]byte, sha256.Size)
		_, _ = rand.Read(key) // never fails
	}
	genuine := hmac.Equal([]byte(token(key, u.Rump)), []byte(u.Token))
	switch {
	case u.Mechanism != internal || !genuine:
		return nil, v, fmt.Errorf("%w: the token is not right", errBadURL)
	case !u.Expire.IsZero() && time.Now().After(u.Expire):
		return nil, v, fmt.Errorf("%w: it has expired", errBadURL)
	}
	return u, v, s.admitted(ctx, u.Access)
}

// authorizer finds who authorized a URL, and their key for the mailbox: nil for
// none.
func (s *session) authorizer(ctx context.Context, u *wire.URL) (v visitor, key []byte, err error) {
	owner, err := s.srv.cfg.Directory.UserNamed(ctx, u.User)
	if errors.Is(err, directory.ErrNoSuchUser) || err == nil && owner.Disabled {
		return v, nil, nil
	}
	if err != nil {
		return v, nil, err
	}
	v = visitor{s.srv, owner}
	m, _, err := v.find(ctx, u.Mailbox, store.Read)
	if r := new(reply); errors.Is(err, store.ErrNotFound) || errors.As(err, &r) {
		return v, nil, nil
	}
	if err != nil {
		return v, nil, err
	}
	key, err = s.srv.cfg.Store.URLKey(ctx, m.ID, v.account())
	return v, key, err
}

// admitted checks the access identifier (RFC 4467 section 3). Nobody signs in as a
// submission server here, so that "submit+" lets nobody in.
func (s *session) admitted(ctx context.Context, access string) error {
	kind, name, _ := strings.Cut(access, "+")
	switch kind {
	case "anonymous", "authuser":
		return nil
	case "user":
		user, err := s.srv.cfg.Directory.UserNamed(ctx, name)
		if err == nil && user.ID == s.user.ID {
			return nil
		}
		if err != nil && !errors.Is(err, directory.ErrNoSuchUser) {
			return err
		}
	}
	return fmt.Errorf("%w: it is for others", errBadURL)
}
