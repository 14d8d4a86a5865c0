package message

import (
	"bytes"
	"net/mail"
	"strings"
	"time"
)

// parseDate reads a Date field; zero when nothing can be made of it. Obsolete
// zones and comments are understood, a missing weekday or seconds too.
func parseDate(value []byte) time.Time {
	if i := bytes.IndexByte(value, '('); i > 0 {
		value = bytes.TrimRight(value[:i], " \t")
	}
	text := strings.Join(strings.Fields(string(value)), " ")
	if t, err := mail.ParseDate(text); err == nil {
		return t
	}
	for _, layout := range []string{
		"Mon, 2 Jan 2006 15:04:05", "2 Jan 2006 15:04:05", "Mon Jan _2 15:04:05 2006", "Mon Jan _2 15:04:05 MST 2006",
		"Mon, 2 Jan 2006 15.04.05 -0700", "2006-01-02 15:04:05 -0700", time.RFC3339, "Mon, 2-Jan-2006 15:04:05 MST", "02 Jan 06 15:04 MST",
	} {
		if t, err := time.Parse(layout, text); err == nil {
			return t
		}
	}
	return time.Time{}
}
