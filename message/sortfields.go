package message

import (
	"strings"
	"time"
)

// SortFields are what SORT and THREAD look at in a header. Texts are collation
// keys: see CollationKey.
type SortFields struct {
	Date         time.Time // zero when it is missing or unreadable
	Subject      string    // the base subject (RFC 5256 section 2.1)
	Reply        bool      // the subject is that of a reply or forward
	From, To, Cc string    // addr-mailbox of the first address
	FromName     string    // how the first address is shown (RFC 5957 section 3)
	ToName       string
	MessageID    string   // normalised, "" when missing
	References   []string // normalised, oldest first: as THREAD REFERENCES takes them
}

// maxReferences of a message are looked at: the last ones, which are nearest.
const maxReferences = 1000

// ReadSortFields reads them; header is a whole header or the usual fields of one.
func ReadSortFields(header []byte) SortFields {
	k := collect(header)
	var f SortFields
	base, reply := BaseSubject(decodeField(k.first[fieldSubject]))
	f.Date, f.Subject, f.Reply = parseDate(k.first[fieldDate]), CollationKey(base), reply
	f.From, f.FromName = firstAddress(k.first[fieldFrom])
	f.To, f.ToName = firstAddress(k.first[fieldTo])
	f.Cc, _ = firstAddress(k.first[fieldCc])
	if ids := messageIDs(k.first[fieldMessageID]); len(ids) > 0 {
		f.MessageID = normalID(ids[0])
	}
	refs := messageIDs(k.first[fieldReferences])
	if len(refs) == 0 {
		// RFC 5256 section 3: the first one of In-Reply-To, and no more.
		if refs = messageIDs(k.first[fieldInReplyTo]); len(refs) > 1 {
			refs = refs[:1]
		}
	}
	refs = refs[max(0, len(refs)-maxReferences):]
	for _, ref := range refs {
		f.References = append(f.References, normalID(ref))
	}
	return f
}

// firstAddress returns the keys of the first address: its addr-mailbox, and the
// name to be shown for it.
func firstAddress(value []byte) (mailbox, shown string) {
	p := addressParser{rest: value}
	for len(p.rest) > 0 && len(p.list) == 0 {
		p.step()
	}
	if p.finish(); len(p.list) == 0 {
		return "", ""
	}
	a := p.list[0]
	mailbox = toUTF8(a.local, "")
	switch name := decodeField(a.name); {
	case name != "":
		shown = name
	case len(a.domain) > 0:
		shown = mailbox + "@" + toUTF8(a.domain, "")
	default:
		shown = mailbox
	}
	return CollationKey(mailbox), CollationKey(shown)
}

// normalID undoes the quoting of a Message-ID, which means nothing (RFC 5256
// section 3, THREAD).
func normalID(id string) string {
	if !strings.ContainsAny(id, `"\`) {
		return id
	}
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`, `"`, ``, `\`, ``).Replace(id)
}
