package wire

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/emersion/go-imap/v2"
)

// A URL is an IMAP URL that names a message or a part of one (RFC 5092). Others,
// of servers, mailboxes and searches, are of no use here.
type URL struct {
	Host string // with port; "" in a relative one
	User string // "" for none

	Relative    bool   // Mailbox is to be taken from the selected one's level: RFC 5092 section 7
	Mailbox     string // UTF-8; "" is the selected one
	UIDValidity uint32 // 0: any
	UID         imap.UID
	Section     string // as between the brackets of BODY[], "" for all
	Partial     *imap.SectionPartial

	// Of URLAUTH (RFC 4467; RFC 5092 section 6).
	Expire    time.Time // zero: never
	Access    string    // "authuser", "user+..." decoded; "" without URLAUTH
	Mechanism string    // in capitals, "" in a URL that is to be signed
	Token     string
	Rump      string // what is signed: the URL up to the access identifier
}

var errURL = errors.New("not an IMAP URL of a message or a part")

// maxURL bounds what is looked at.
const maxURL = 8 << 10

// ParseURL reads one.
func ParseURL(s string) (*URL, error) {
	if len(s) > maxURL {
		return nil, fmt.Errorf("%w: it is longer than %d bytes", errURL, maxURL)
	}
	u := &URL{}
	rest, err := u.cutAuth(s)
	if err != nil {
		return nil, err
	}
	if rest, err = u.cutServer(rest); err != nil {
		return nil, err
	}
	if rest, err = u.cutMailbox(rest); err != nil {
		return nil, err
	}
	return u, u.readMessage(rest)
}

// cutAuth takes ";EXPIRE=" and ";URLAUTH=" off the end.
func (u *URL) cutAuth(s string) (rest string, err error) {
	i := foldIndex(s, ";URLAUTH=")
	if i < 0 {
		return s, nil
	}
	rest, auth := s[:i], s[i+len(";URLAUTH="):]
	access, proof, signed := strings.Cut(auth, ":")
	u.Rump = s[:i+len(";URLAUTH=")+len(access)]
	if signed {
		mechanism, token, ok := strings.Cut(proof, ":")
		if !ok || mechanism == "" || len(token) < 32 || strings.Trim(strings.ToLower(token), "0123456789abcdef") != "" {
			return "", fmt.Errorf("%w: URLAUTH is no access, mechanism and token", errURL)
		}
		u.Mechanism, u.Token = strings.ToUpper(mechanism), strings.ToLower(token)
	}
	if u.Access, err = readAccess(access); err != nil {
		return "", err
	}
	if i := foldIndex(rest, ";EXPIRE="); i >= 0 {
		if u.Expire, err = time.Parse(time.RFC3339, rest[i+len(";EXPIRE="):]); err != nil {
			return "", fmt.Errorf("%w: EXPIRE is no date and time of RFC 3339", errURL)
		}
		rest = rest[:i]
	}
	return rest, nil
}

// readAccess reads an access identifier (RFC 4467 section 3).
func readAccess(s string) (string, error) {
	kind, user, named := strings.Cut(s, "+")
	switch kind = strings.ToLower(kind); {
	case !named && (kind == "authuser" || kind == "anonymous"):
		return kind, nil
	case named && user != "" && (kind == "user" || kind == "submit"):
		name, err := unescape(user)
		return kind + "+" + name, err
	}
	return "", fmt.Errorf("%w: URLAUTH is for submit+USER, user+USER, authuser or anonymous", errURL)
}

// cutServer takes "imap://user@host" off the front.
func (u *URL) cutServer(s string) (rest string, err error) {
	const scheme = "imap://"
	if len(s) < len(scheme) || !strings.EqualFold(s[:len(scheme)], scheme) {
		if strings.HasPrefix(s, "//") || strings.Contains(s, "://") {
			return "", fmt.Errorf("%w: it does not begin with imap:// or a path", errURL)
		}
		return s, nil
	}
	authority, path, _ := strings.Cut(s[len(scheme):], "/")
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		user := authority[:i]
		if auth := foldIndex(user, ";AUTH="); auth >= 0 {
			user = user[:auth]
		}
		if u.User, err = unescape(user); err != nil {
			return "", err
		}
		authority = authority[i+1:]
	}
	if u.Host = authority; u.Host == "" {
		return "", fmt.Errorf("%w: it names no server", errURL)
	}
	return "/" + path, nil
}

// cutMailbox takes the mailbox off; what is left begins with ";UID=".
func (u *URL) cutMailbox(s string) (rest string, err error) {
	i := foldIndex(s, "/;UID=")
	switch {
	case foldPrefix(s, ";UID="): // of the selected mailbox
		return s, nil
	case i < 0:
		return "", errURL
	}
	ref, rest := s[:i], s[i+1:]
	absolute := strings.HasPrefix(ref, "/")
	ref = strings.TrimPrefix(ref, "/")
	if at := foldIndex(ref, ";UIDVALIDITY="); at >= 0 {
		if u.UIDValidity, err = nonZero(ref[at+len(";UIDVALIDITY="):]); err != nil {
			return "", err
		}
		ref = ref[:at]
	}
	if u.Mailbox, err = unescape(ref); err != nil {
		return "", err
	}
	u.Relative = !absolute && ref != ""
	if ref == "" && u.Host != "" {
		return "", fmt.Errorf("%w: it names no mailbox", errURL)
	}
	return rest, nil
}

// readMessage reads ";UID=", "/;SECTION=" and "/;PARTIAL=".
func (u *URL) readMessage(s string) error {
	s = s[len(";UID="):]
	if i := foldIndex(s, "/;PARTIAL="); i >= 0 {
		p, err := readPartial(s[i+len("/;PARTIAL="):])
		if err != nil {
			return err
		}
		u.Partial, s = p, s[:i]
	}
	if i := foldIndex(s, "/;SECTION="); i >= 0 {
		section, err := unescape(s[i+len("/;SECTION="):])
		if err != nil || section == "" {
			return fmt.Errorf("%w: the section is damaged", errURL)
		}
		u.Section, s = section, s[:i]
	}
	uid, err := nonZero(s)
	u.UID = imap.UID(uid)
	return err
}

// readPartial reads an offset with or without a length.
func readPartial(s string) (*imap.SectionPartial, error) {
	offset, length, bounded := strings.Cut(s, ".")
	from, err := strconv.ParseUint(offset, 10, 32)
	p := &imap.SectionPartial{Offset: int64(from), Size: 1 << 62}
	if bounded && err == nil {
		var size uint32
		size, err = nonZero(length)
		p.Size = int64(size)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: PARTIAL is no offset and length", errURL)
	}
	return p, nil
}

func nonZero(s string) (uint32, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil || n == 0 || s[0] == '+' {
		return 0, fmt.Errorf("%w: %q is no number above zero", errURL, s)
	}
	return uint32(n), nil
}

// unescape undoes percent-encoding. What is meant is UTF-8 without controls.
func unescape(s string) (string, error) {
	decoded, err := url.PathUnescape(s)
	if err != nil || !utf8.ValidString(decoded) || strings.ContainsFunc(decoded, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", fmt.Errorf("%w: its percent-encoding is damaged", errURL)
	}
	return decoded, nil
}

// foldIndex is strings.Index for a needle in capitals, without case.
func foldIndex(s, needle string) int { return strings.Index(upperASCII(s), needle) }

func foldPrefix(s, prefix string) bool { return strings.HasPrefix(upperASCII(s), prefix) }

// upperASCII keeps every byte in its place, unlike strings.ToUpper.
func upperASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}
