package appliance

import (
	"fmt"
	"strings"

	"letterbox/imapd"
)

// Capabilities are words of IMAP's CAPABILITY response, written with commas
// between.
type Capabilities []string

// UnmarshalText reads a list with commas; an empty text is an empty list.
func (c *Capabilities) UnmarshalText(text []byte) error {
	*c = nil
	for part := range strings.SplitSeq(string(text), ",") {
		if part = strings.ToUpper(strings.TrimSpace(part)); part != "" {
			*c = append(*c, part)
		}
		if strings.ContainsAny(part, " \t\"()") {
			return fmt.Errorf("%q is no capability; write names with commas between, such as NOTIFY, QRESYNC", part)
		}
	}
	return nil
}

// MarshalText is the reverse of UnmarshalText.
func (c Capabilities) MarshalText() ([]byte, error) {
	return []byte(strings.Join(c, ", ")), nil
}

// Offered are capabilities that are not offered by default, and can be.
type Offered Capabilities

// UnmarshalText reads a list like Capabilities, and knows what can be in it.
func (o *Offered) UnmarshalText(text []byte) error {
	if err := (*Capabilities)(o).UnmarshalText(text); err != nil {
		return err
	}
	for _, word := range *o {
		if err := imapd.CheckOffered(word); err != nil {
			return err
		}
	}
	return nil
}

// MarshalText is the reverse of UnmarshalText.
func (o Offered) MarshalText() ([]byte, error) { return Capabilities(o).MarshalText() }
