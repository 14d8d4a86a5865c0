package records

import (
	"fmt"
	"io"
	"strings"
)

// WriteZone writes records as a zone file has them.
func WriteZone(w io.Writer, list []Record) error {
	for _, r := range list {
		if _, err := fmt.Fprintf(w, "; %s\n%s\n\n", r.Why, r); err != nil {
			return err
		}
	}
	return nil
}

// String is the record as a line of a zone file.
func (r Record) String() string { return r.Name + ". " + r.Type + " " + r.Content() }

// Content is the value as a zone file has it.
func (r Record) Content() string {
	if r.Type == "TXT" {
		return quote(r.Value)
	}
	return r.Value
}

// quote writes a text in strings of at most 255 bytes (RFC 1035 section 3.3).
func quote(text string) string {
	var parts []string
	for len(text) > 255 {
		parts = append(parts, `"`+text[:255]+`"`)
		text = text[255:]
	}
	return strings.Join(append(parts, `"`+text+`"`), " ")
}
