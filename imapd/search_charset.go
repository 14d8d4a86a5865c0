package imapd

import (
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-imap/v2"
	"golang.org/x/text/encoding/ianaindex"
	"letterbox/imapd/wire"
)

// setCharset says how the strings of the search are to be decoded. RFC 9051
// section 6.4.4 wants US-ASCII and UTF-8; the others cost nothing.
func (p *searchParser) setCharset(name string) {
	if isUTF8(name) || strings.EqualFold(name, "US-ASCII") {
		return
	}
	encoding, err := ianaindex.MIME.Encoding(name)
	if err != nil || encoding == nil {
		p.refusal = badCharset("charset is not known")
		return
	}
	p.foreign = true
	p.decode = func(s string) (string, error) {
		decoded, err := encoding.NewDecoder().String(s)
		if err != nil {
			return "", badCharset("a string is not in its charset")
		}
		return decoded, nil
	}
}

func isUTF8(charset string) bool { return strings.EqualFold(charset, "UTF-8") }

// checkUTF8 passes UTF-8, which includes US-ASCII. Where a client says nothing
// or US-ASCII and sends UTF-8 all the same, IMAP4rev2 says it is right.
func checkUTF8(s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", badCharset("a string is not UTF-8")
	}
	return s, nil
}

const badCharsetCode = wire.Code(imap.ResponseCodeBadCharset) + " (US-ASCII UTF-8)"

// badCharset names the charsets that clients can rely on.
func badCharset(text string) error {
	return &reply{imap.StatusResponseTypeNo, badCharsetCode, text}
}
