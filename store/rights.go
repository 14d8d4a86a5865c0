package store

import (
	"fmt"
	"strings"
)

// Rights is a set of rights on a mailbox (RFC 4314 section 2.1).
type Rights uint16

const (
	Lookup      Rights = 1 << iota // l: see it in lists
	Read                           // r: select it, read its messages
	KeepSeen                       // s: change \Seen
	Write                          // w: change other flags
	Insert                         // i: append, copy into it
	Post                           // p: send mail to its address; of a member of a team: from its address
	CreateBelow                    // k: make mailboxes below it
	DeleteBox                      // x: delete or rename it
	DeleteFlag                     // t: change \Deleted
	Remove                         // e: expunge
	Administer                     // a: change rights

	AllRights Rights = 1<<iota - 1
)

// Sets that people think in.
const (
	ReadRights  = Lookup | Read | KeepSeen
	WriteRights = ReadRights | Write | Insert | Post | DeleteFlag | Remove
	FullRights  = WriteRights | CreateBelow | DeleteBox
)

const rightLetters = "lrswipkxtea" // by bit

// Has reports whether all of need is in r.
func (r Rights) Has(need Rights) bool { return r&need == need }

// Any reports whether some of the rights is in r.
func (r Rights) Any(some Rights) bool { return r&some != 0 }

// ParseRights reads letters. The obsolete c stands for k and x, d for t and e
// (RFC 4314 section 2.1.1).
func ParseRights(letters string) (Rights, error) {
	var r Rights
	for _, letter := range letters {
		switch i := strings.IndexRune(rightLetters, letter); {
		case i >= 0:
			r |= 1 << i
		case letter == 'c':
			r |= CreateBelow | DeleteBox
		case letter == 'd':
			r |= DeleteFlag | Remove
		default:
			return 0, fmt.Errorf("there is no right %q; rights are %s, and c and d for kx and te", letter, rightLetters)
		}
	}
	return r, nil
}

// String is the letters alone.
func (r Rights) String() string {
	var s strings.Builder
	for i := range len(rightLetters) {
		if r&(1<<i) != 0 {
			s.WriteByte(rightLetters[i])
		}
	}
	return s.String()
}

// Compatible is the letters with c and d where a member of them is there, for
// clients of RFC 2086 (RFC 4314 section 2.1.1).
func (r Rights) Compatible() string {
	s := r.String()
	if r.Any(CreateBelow | DeleteBox) {
		s += "c"
	}
	if r.Any(DeleteFlag | Remove) {
		s += "d"
	}
	return s
}

// Flags are the flags that the rights let somebody change (RFC 4314 section 4).
func (r Rights) Flags() Flags {
	var f Flags
	if r.Has(KeepSeen) {
		f |= Seen
	}
	if r.Has(DeleteFlag) {
		f |= Deleted
	}
	if r.Has(Write) {
		f |= ^(Seen | Deleted)
	}
	return f
}
