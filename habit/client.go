package habit

import "strings"

// A Client is what a mail program says of itself with ID (RFC 2971), or in the
// header of what it sends. It is a label for people and for findings, and no
// switch for behaviour.
type Client struct {
	Name, Version, OS string
}

// families tells mail programs apart by a part of the name that they give, in
// lower case; the first that fits counts.
var families = []struct{ part, family string }{
	{"thunderbird mobile", "k9"},
	{"k-9", "k9"},
	{"thunderbird for android", "k9"},
	{"thunderbird", "thunderbird"},
	{"betterbird", "thunderbird"},
	{"fairemail", "fairemail"},
	{"iphone mail", "ios"},
	{"ipad mail", "ios"},
	{"com.apple.email", "ios"},
	{"mac os x mail", "apple"},
	{"apple mail", "apple"},
	{"outlook", "outlook"},
	{"neomutt", "mutt"},
	{"mutt", "mutt"},
	{"evolution", "evolution"},
	{"geary", "geary"},
	{"kmail", "kmail"},
	{"kontact", "kmail"},
	{"trojita", "kmail"},
	{"roundcube", "webmail"},
	{"snappymail", "webmail"},
	{"rainloop", "webmail"},
	{"mbsync", "sync"},
	{"isync", "sync"},
	{"offlineimap", "sync"},
	{"imapsync", "sync"},
	{"delta chat", "deltachat"},
	{"microsoft", "outlook"},
	{"gmail", "gmail"},
}

// Family is the kind of program for which a remedy can be worded; "" for any
// other.
func (c Client) Family() string {
	name := strings.ToLower(c.Name)
	for _, f := range families {
		if strings.Contains(name, f.part) {
			return f.family
		}
	}
	return ""
}

// String is such as "Thunderbird 140.2 (Linux)"; "" for a client that did not
// say.
func (c Client) String() string {
	s := c.Name
	if c.Version != "" {
		s += " " + c.Version
	}
	if c.OS != "" {
		s += " (" + c.OS + ")"
	}
	return s
}

// clip bounds what is kept of a client's words, and takes out what would be no
// text.
func clip(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	const most = 60
	if runes := []rune(s); len(runes) > most {
		s = string(runes[:most])
	}
	return strings.TrimSpace(s)
}

// Clean is the client with its words bounded.
func (c Client) Clean() Client { return Client{clip(c.Name), clip(c.Version), clip(c.OS)} }
