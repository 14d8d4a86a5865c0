package delivery

import (
	"bytes"
	"iter"
	"strings"
)

// A headerField is one field of a raw header, with the lines that continue it.
type headerField struct {
	name  string
	value []byte // as it came, folding included
	start int    // offsets in the raw message
	end   int
}

func (f *headerField) is(name string) bool { return strings.EqualFold(f.name, name) }

// headerFields yields the fields of a raw message's header. Lines that are none
// are passed over, as everybody who shows mail does.
func headerFields(raw []byte) iter.Seq[headerField] {
	return func(yield func(headerField) bool) {
		for start := 0; start < len(raw); {
			end := fieldEnd(raw, start)
			whole := raw[start:end]
			if len(bytes.TrimRight(whole, "\r\n")) == 0 {
				return
			}
			name, value, found := bytes.Cut(whole, []byte(":"))
			name = bytes.TrimRight(name, " \t") // RFC 5322 section 4.5
			if found && len(name) > 0 && !bytes.ContainsAny(name, " \t\r\n") {
				if !yield(headerField{string(name), value, start, end}) {
					return
				}
			}
			start = end
		}
	}
}

// fieldEnd is the offset behind the line at start and those that continue it.
// The empty line, which ends the header, is continued by nothing.
func fieldEnd(raw []byte, start int) int {
	for at := start; ; {
		i := bytes.IndexByte(raw[at:], '\n')
		if i < 0 {
			return len(raw)
		}
		at += i + 1
		if at == len(raw) || raw[at] != ' ' && raw[at] != '\t' {
			return at
		}
		if len(bytes.TrimRight(raw[start:at], "\r\n")) == 0 {
			return at
		}
	}
}
