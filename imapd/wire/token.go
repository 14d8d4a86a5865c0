package wire

import (
	"strconv"
	"strings"

	"github.com/emersion/go-imap/v2"
)

// The character classes of RFC 9051 section 9. Bytes from 0x80 on are let
// through where strings are: passwords and, in UTF-8 mode, names have them.

func isAtomChar(b byte) bool {
	return b > ' ' && b < 0x7f && !strings.ContainsRune(`(){%*"\]`, rune(b))
}

func isAStringChar(b byte) bool { return isAtomChar(b) || b == ']' }

func isTagChar(b byte) bool { return isAStringChar(b) && b != '+' }

// isListChar is one of a LIST pattern: the wildcards are in.
func isListChar(b byte) bool { return isAStringChar(b) || b == '%' || b == '*' }

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

// Tag reads a command's tag.
func (d *Decoder) Tag() string { return d.word(isTagChar, "a tag") }

// Atom reads an atom. Keywords of the protocol are case-insensitive: see
// Keyword.
func (d *Decoder) Atom() string { return d.word(isAtomChar, "an atom") }

// Keyword reads an atom and turns it into capitals.
func (d *Decoder) Keyword() string { return strings.ToUpper(d.Atom()) }

func (d *Decoder) word(ok func(byte) bool, what string) string {
	s := d.while(ok)
	if s == "" {
		d.Fail(what)
	}
	return s
}

// Number reads an unsigned number of 32 bits.
func (d *Decoder) Number() uint32 { return uint32(d.number(32, "a number")) }

// Number64 reads a number of 63 bits.
func (d *Decoder) Number64() uint64 { return d.number(63, "a number") }

func (d *Decoder) number(bits int, what string) uint64 {
	s := d.while(isDigit)
	n, err := strconv.ParseUint(s, 10, bits)
	if err != nil {
		d.Fail(what)
		return 0
	}
	return n
}

// AString reads an atom (with "]"), a quoted string or a literal.
func (d *Decoder) AString() string {
	if b := d.Peek(); b == '"' || b == '{' {
		return d.String()
	}
	return d.word(isAStringChar, "an atom or a string")
}

// String reads a quoted string or a literal.
func (d *Decoder) String() string {
	switch d.Peek() {
	case '"':
		return d.quoted()
	case '{':
		return d.literalString()
	}
	d.Fail("a quoted string or a literal")
	return ""
}

// NString reads a string or NIL, for which ok is false.
func (d *Decoder) NString() (s string, ok bool) {
	if b := d.Peek(); b == '"' || b == '{' {
		return d.String(), d.err == nil
	}
	if d.Keyword() != "NIL" {
		d.Fail("a string or NIL")
	}
	return "", false
}

func (d *Decoder) quoted() string {
	d.Expect('"')
	var s strings.Builder
	for {
		b := d.Peek()
		switch {
		case d.err != nil:
			return ""
		case b == '"':
			d.take()
			return s.String()
		case b == '\\':
			d.take()
			if b = d.Peek(); b != '"' && b != '\\' {
				d.Fail(`'"' or '\' after a backslash`)
				return ""
			}
		case b == '\r' || b == '\n' || b == 0:
			d.Fail(`the closing '"'`)
			return ""
		}
		d.take()
		s.WriteByte(b)
	}
}

// Mailbox reads a mailbox name and decodes it to UTF-8. Whether the name is
// allowed is the store's to say.
func (d *Decoder) Mailbox() string { return d.name(d.AString(), "a mailbox name") }

// ListMailbox reads a pattern of LIST, with the wildcards % and *.
func (d *Decoder) ListMailbox() string {
	if b := d.Peek(); b == '"' || b == '{' {
		return d.name(d.String(), "a mailbox pattern")
	}
	return d.name(d.word(isListChar, "a mailbox pattern"), "a mailbox pattern")
}

// name decodes a mailbox name or pattern as it came over the wire.
func (d *Decoder) name(s, what string) string {
	if d.err != nil {
		return ""
	}
	// RFC 6855 section 3: names are UTF-8 then, and "&" stands for itself.
	decoded, err := s, error(nil)
	if d.UTF8 {
		err = checkUTF8(s)
	} else {
		decoded, err = DecodeUTF7(s)
	}
	if err != nil {
		d.Fail(what + ": " + err.Error())
		return ""
	}
	return decoded
}

// Flag reads one flag: a keyword or "\" and an atom. System flags get their
// usual spelling.
func (d *Decoder) Flag() imap.Flag {
	if !d.Accept('\\') {
		return imap.Flag(d.word(isAtomChar, "a flag"))
	}
	name := imap.Flag(`\` + d.word(isAtomChar, "a flag"))
	for _, f := range []imap.Flag{imap.FlagSeen, imap.FlagAnswered, imap.FlagFlagged, imap.FlagDeleted, imap.FlagDraft} {
		if strings.EqualFold(string(f), string(name)) {
			return f
		}
	}
	return name
}

// Flags reads a list of flags, with or without parentheses (RFC 9051,
// store-att-flags).
func (d *Decoder) Flags() []imap.Flag {
	var flags []imap.Flag
	if d.Peek() == '(' {
		d.List(func() { flags = append(flags, d.Flag()) })
		return flags
	}
	for {
		flags = append(flags, d.Flag())
		if !d.Accept(' ') {
			return flags
		}
	}
}

// Partial reads "<offset.size>" (RFC 9051 section 6.4.5); the size is not zero.
func (d *Decoder) Partial() *imap.SectionPartial {
	d.Expect('<')
	offset := d.number(32, "an offset")
	d.Expect('.')
	size := d.number(32, "a size")
	if d.err == nil && size == 0 {
		d.Fail("a size above zero")
	}
	d.Expect('>')
	if d.err != nil {
		return nil
	}
	return &imap.SectionPartial{Offset: int64(offset), Size: int64(size)}
}

// Base64Text reads base64, or "=" (RFC 9051, initial-resp), undecoded.
func (d *Decoder) Base64Text() string {
	return d.word(func(b byte) bool {
		return b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z' || isDigit(b) || b == '+' || b == '/' || b == '='
	}, "base64")
}
