package directory

import (
	"fmt"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// RFC 5321 section 4.5.3.1, in octets.
const (
	maxLocal   = 64
	maxAddress = 254 // a path is 256 with its angle brackets
)

// An Address is a mailbox as RFC 5321 section 4.1.2 and RFC 6531 section 3.3
// have it, in one form for all its spellings.
type Address struct {
	Local  string // NFC, without quotes, in the case it was written in
	Domain string // lower case A-labels, or an address literal with its brackets
}

// ParseAddress reads local@domain; the local part may be quoted, and both may
// hold Unicode. The error wraps ErrBadAddress and says what is wrong.
func ParseAddress(s string) (Address, error) {
	a, err := parseAddress(s)
	if err != nil {
		return Address{}, fmt.Errorf("%q is %w: %w", clip(s), ErrBadAddress, err)
	}
	return a, nil
}

func parseAddress(s string) (Address, error) {
	if len(s) > 2*maxAddress || !utf8.ValidString(s) {
		return Address{}, fmt.Errorf("it is too long or not UTF-8")
	}
	// Normalise before looking at characters: NFC turns some that look harmless
	// into ones that have a meaning.
	local, domain, err := splitAddress(norm.NFC.String(s))
	if err != nil {
		return Address{}, err
	}
	a := Address{Local: local}
	if a.Domain, err = parseHost(domain); err != nil {
		return Address{}, err
	}
	if len(quoteLocal(local)) > maxLocal || len(quoteLocal(a.fold().Local)) > maxLocal {
		return Address{}, fmt.Errorf("the part before the @ has more than %d octets", maxLocal)
	}
	if len(a.String()) > maxAddress || len(a.fold().String()) > maxAddress {
		return Address{}, fmt.Errorf("it has more than %d octets", maxAddress)
	}
	return a, nil
}

// String is the form that goes over the wire, quoted only where it must be.
func (a Address) String() string { return quoteLocal(a.Local) + "@" + a.Domain }

// fold is the form under which we know our own addresses: to us, case means
// nothing. To others it may (RFC 5321 section 2.4).
func (a Address) fold() Address {
	return Address{Local: norm.NFC.String(strings.ToLower(a.Local)), Domain: a.Domain}
}

// splitAddress returns the local part without its quotes, checked, and what
// stands behind the @.
func splitAddress(s string) (local, domain string, err error) {
	if strings.HasPrefix(s, `"`) {
		return splitQuoted(s)
	}
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return "", "", fmt.Errorf("it has no @")
	}
	local, domain = s[:at], s[at+1:]
	if !isDotString(local) {
		return "", "", fmt.Errorf("the part before the @ must be words joined by dots")
	}
	return local, domain, nil
}

// splitQuoted reads a Quoted-string (RFC 5321 section 4.1.2).
func splitQuoted(s string) (local, domain string, err error) {
	var b strings.Builder
	escaped := false
	for i, r := range s[1:] {
		switch {
		case escaped && (r < ' ' || r > '~'), !escaped && r != ' ' && !isVisible(r):
			return "", "", fmt.Errorf("the quoted part has a character that may not stand there")
		case !escaped && r == '\\':
			escaped = true
			continue
		case !escaped && r == '"':
			domain, found := strings.CutPrefix(s[1+i+1:], "@")
			if !found || b.Len() == 0 {
				return "", "", fmt.Errorf("the quoted part is empty or not followed by @")
			}
			return b.String(), domain, nil
		}
		b.WriteRune(r)
		escaped = false
	}
	return "", "", fmt.Errorf("the closing quote is missing")
}

func isDotString(s string) bool {
	for atom := range strings.SplitSeq(s, ".") {
		if atom == "" || strings.ContainsFunc(atom, func(r rune) bool { return !isAtext(r) }) {
			return false
		}
	}
	return true
}

// isAtext is atext of RFC 5322 section 3.2.3, widened by RFC 6531 section 3.3.
func isAtext(r rune) bool {
	return isVisible(r) && !strings.ContainsRune(`()<>[]:;@\,."`, r)
}

// isVisible leaves out what nobody sees, with the exception of the joiners, which
// some scripts cannot be written without.
func isVisible(r rune) bool {
	const nonJoiner, joiner = '\u200c', '\u200d'
	return r != ' ' && r != utf8.RuneError && unicode.IsPrint(r) || r == nonJoiner || r == joiner
}

func quoteLocal(local string) string {
	if isDotString(local) {
		return local
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(local) + `"`
}

// domainProfile maps as UTS 46 does for looking up, and checks the letters and
// the lengths of the labels.
var domainProfile = idna.New(
	idna.MapForLookup(), idna.Transitional(false), idna.BidiRule(),
	idna.StrictDomainName(true), idna.VerifyDNSLength(true),
)

// parseDomain returns the A-labels of a domain name, in lower case.
func parseDomain(s string) (string, error) {
	name, err := domainProfile.ToASCII(s)
	if err != nil || name == "" || strings.HasSuffix(name, ".") {
		return "", fmt.Errorf("%q is no domain name", clip(s))
	}
	return name, nil
}

// parseHost also takes an address literal (RFC 5321 section 4.1.3).
func parseHost(s string) (string, error) {
	inner, bracket := strings.CutPrefix(s, "[")
	if !bracket {
		return parseDomain(s)
	}
	inner, closed := strings.CutSuffix(inner, "]")
	tag := ""
	if len(inner) > 5 && strings.EqualFold(inner[:5], "IPv6:") {
		tag, inner = "IPv6:", inner[5:]
	}
	ip, err := netip.ParseAddr(inner)
	if err != nil || !closed || ip.Zone() != "" || ip.Is6() != (tag != "") {
		return "", fmt.Errorf("%q is no address literal", clip(s))
	}
	return "[" + tag + ip.String() + "]", nil
}

// clip keeps what strangers send short enough for an error text.
func clip(s string) string {
	if len(s) > maxAddress {
		return strings.ToValidUTF8(s[:maxAddress], "") + "..."
	}
	return s
}
