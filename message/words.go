package message

import (
	"bytes"
	"encoding/hex"
	"io"
	"strings"
)

// decodeField decodes the encoded words of a value (RFC 2047). Words of the same
// charset that follow each other are joined before their bytes are decoded,
// since some senders cut characters in two. What is no encoded word is UTF-8 or
// windows-1252.
func decodeField(value []byte) string {
	if !bytes.Contains(value, []byte("=?")) {
		return toUTF8(value, "")
	}
	var d wordDecoder
	for len(value) > 0 {
		i := bytes.Index(value, []byte("=?"))
		if i < 0 {
			i = len(value)
		}
		d.plain(value[:i])
		value = value[i:]
		if len(value) == 0 {
			break
		}
		charset, text, n := encodedWord(value)
		if n == 0 {
			d.plain(value[:2])
			value = value[2:]
			continue
		}
		d.word(charset, text)
		value = value[n:]
	}
	d.flush()
	return d.text.String()
}

// wordDecoder joins what belongs together.
type wordDecoder struct {
	text    strings.Builder
	charset string
	octets  []byte // of encoded words, not decoded yet
	pending bool
	gap     []byte // white space behind them: dropped between two words
}

func (d *wordDecoder) plain(b []byte) {
	if d.pending && len(bytes.Trim(b, " \t")) == 0 {
		d.gap = append(d.gap, b...)
		return
	}
	d.flush()
	d.text.WriteString(toUTF8(b, ""))
}

func (d *wordDecoder) word(charset string, octets []byte) {
	if d.pending && !strings.EqualFold(charset, d.charset) {
		d.gap = nil
		d.flush()
	}
	d.gap, d.charset, d.pending = nil, charset, true
	d.octets = append(d.octets, octets...)
}

func (d *wordDecoder) flush() {
	if d.pending {
		d.text.WriteString(toUTF8(d.octets, d.charset))
	}
	d.text.Write(d.gap)
	d.octets, d.gap, d.pending = nil, nil, false
}

// maxWord bounds an encoded word; RFC 2047 section 2 allows 75.
const maxWord = 4096

// encodedWord reads "=?charset?encoding?text?=" at the start of b; n is its
// length, 0 when it is none.
func encodedWord(b []byte) (charset string, octets []byte, n int) {
	b = b[:min(len(b), maxWord)]
	parts := bytes.SplitN(b[2:], []byte("?"), 3)
	if len(parts) < 3 || len(parts[1]) != 1 || len(parts[0]) == 0 || bytes.ContainsAny(parts[0], " \t") {
		return "", nil, 0
	}
	end := bytes.Index(parts[2], []byte("?="))
	if end < 0 {
		return "", nil, 0
	}
	text := parts[2][:end]
	switch parts[1][0] {
	case 'B', 'b':
		octets, _ = io.ReadAll(Decode(bytes.NewReader(text), Base64)) // reading memory cannot fail
	case 'Q', 'q':
		octets = decodeQ(text)
	default:
		return "", nil, 0
	}
	charset, _, _ = strings.Cut(string(parts[0]), "*") // RFC 2231 section 5: a language
	return charset, octets, 2 + len(parts[0]) + 1 + 1 + 1 + end + 2
}

// decodeQ undoes the Q encoding (RFC 2047 section 4.2).
func decodeQ(text []byte) []byte {
	octets := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '_':
			octets = append(octets, ' ')
		case text[i] == '=' && i+2 < len(text):
			var octet [1]byte
			if _, err := hex.Decode(octet[:], text[i+1:i+3]); err != nil {
				octets = append(octets, '=')
				continue
			}
			octets = append(octets, octet[0])
			i += 2
		default:
			octets = append(octets, text[i])
		}
	}
	return octets
}
