package wire

import (
	"strings"
	"time"
)

const (
	dateLayout     = "_2-Jan-2006"
	dateTimeLayout = "_2-Jan-2006 15:04:05 -0700"
)

// Date reads a date without time, as SEARCH has it, quoted or not; the time is
// midnight UTC.
func (d *Decoder) Date() time.Time {
	s := d.AString()
	return d.parseTime(dateLayout, s, "a date such as 1-Feb-1994")
}

// DateTime reads a quoted date-time, as APPEND has it, in its zone.
func (d *Decoder) DateTime() time.Time {
	if d.Peek() != '"' {
		d.Fail("a quoted date and time")
	}
	return d.parseTime(dateTimeLayout, d.quoted(), `a date and time such as " 1-Feb-1994 21:52:25 -0800"`)
}

func (d *Decoder) parseTime(layout, s, what string) time.Time {
	if d.err != nil {
		return time.Time{}
	}
	t, err := time.Parse(layout, strings.TrimLeft(s, " "))
	if err != nil {
		d.Fail(what)
		return time.Time{}
	}
	return t
}
