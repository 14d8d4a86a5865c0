package archive

import (
	"bytes"
	"fmt"
	"strings"
)

// The letters of Status and X-Status (as in mutt, Dovecot and the UW server).
var statusLetters = []struct {
	letter byte
	flag   string
}{{'R', `\Seen`}, {'A', `\Answered`}, {'F', `\Flagged`}, {'T', `\Draft`}, {'D', `\Deleted`}}

// statusField reports whether a header line is one of those that mbox programs
// add, and returns its value.
func statusField(line []byte) (name, value string, ok bool) {
	n, v, found := strings.Cut(string(line[:min(len(line), 1000)]), ":")
	if !found {
		return "", "", false
	}
	switch name = strings.ToLower(n); name {
	case "status", "x-status", "x-keywords", "x-mozilla-status", "x-mozilla-status2", "x-mozilla-keys":
		return name, strings.TrimSpace(v), true
	}
	return "", "", false
}

// takeStatus removes those lines from a message's header and returns the flags
// that they hold. The body is changed in place.
func takeStatus(body []byte) ([]byte, []string) {
	var flags []string
	kept, rest, dropping := body[:0], body, false
	for len(rest) > 0 {
		n := bytes.IndexByte(rest, '\n') + 1
		if n == 0 {
			n = len(rest)
		}
		line := rest[:n]
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			break
		}
		if line[0] != ' ' && line[0] != '\t' {
			var name, value string
			if name, value, dropping = statusField(line); dropping {
				flags = addFlags(flags, name, value)
			}
		}
		if !dropping {
			kept = append(kept, line...)
		}
		rest = rest[n:]
	}
	return append(kept, rest...), flags
}

func addFlags(flags []string, name, value string) []string {
	switch name {
	case "status", "x-status":
		for _, s := range statusLetters {
			if strings.IndexByte(value, s.letter) >= 0 {
				flags = append(flags, s.flag)
			}
		}
	case "x-keywords", "x-mozilla-keys":
		for _, keyword := range strings.Fields(value) {
			if isKeyword(keyword) {
				flags = append(flags, keyword)
			}
		}
	case "x-mozilla-status":
		var bits int
		if _, err := fmt.Sscanf(value, "%x", &bits); err != nil {
			return flags
		}
		for bit, flag := range map[int]string{1: `\Seen`, 2: `\Answered`, 4: `\Flagged`, 8: `\Deleted`} {
			if bits&bit != 0 {
				flags = append(flags, flag)
			}
		}
	}
	return flags
}

// isKeyword reports whether IMAP can hold the word as a keyword (an atom, RFC
// 9051 section 9).
func isKeyword(s string) bool {
	return s != "" && len(s) <= 200 && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`(){%*"\]`, r)
	})
}

// statusLines writes flags as header lines, none for none.
func statusLines(flags []string) []byte {
	letters := map[bool]string{}
	var keywords []string
	for _, flag := range flags {
		found := false
		for _, s := range statusLetters {
			if strings.EqualFold(flag, s.flag) {
				letters[s.letter == 'R'] += string(s.letter)
				found = true
			}
		}
		if !found && isKeyword(flag) {
			keywords = append(keywords, flag)
		}
	}
	var b []byte
	if letters[true] != "" {
		b = append(b, "Status: RO\n"...)
	}
	if letters[false] != "" {
		b = append(b, "X-Status: "+letters[false]+"\n"...)
	}
	if len(keywords) > 0 {
		b = append(b, "X-Keywords: "+strings.Join(keywords, " ")+"\n"...)
	}
	return b
}
