package imapd

import (
	"context"
	"strings"

	"letterbox/imapd/wire"
)

// language runs LANGUAGE (RFC 5255 section 3). The server speaks English, which
// is also its i-default.
func language(_ context.Context, s *session, d *wire.Decoder, _ *call) error {
	var ranges []string
	for d.Accept(' ') {
		ranges = append(ranges, d.AString())
	}
	if err := d.End(); err != nil {
		return err
	}
	if len(ranges) == 0 {
		s.enc.Text("* LANGUAGE (EN i-default)\r\n")
		return nil
	}
	for _, r := range ranges {
		if tag := spoken(r); tag != "" {
			s.enc.Text("* LANGUAGE (" + tag + ")\r\n")
			return nil
		}
	}
	return no("", "no such language; there are EN and i-default")
}

// spoken is the language that a range of RFC 4647 looks up, "" for none: what it
// says behind the primary language may be left out.
func spoken(languageRange string) string {
	primary, _, _ := strings.Cut(strings.ToLower(languageRange), "-")
	switch {
	case strings.EqualFold(languageRange, "i-default"):
		return "i-default"
	case primary == "en", primary == "*", primary == "default":
		return "EN"
	}
	return ""
}
