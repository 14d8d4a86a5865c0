package store

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
)

// A crashOp is what one worker of the child does in one transaction. It tells so
// before and after.
type crashOp struct {
	Worker  int
	Kind    string // "append", "deliver", "copy", "move", "flag", "expunge"
	Box, To string
	UIDs    []imap.UID
	Letters []int
	Flag    imap.Flag
	ID      string // of a delivery: unique for all time
}

// What the child says: an operation that begins, or one that was acknowledged
// with the uids that it gave.
type crashNews struct {
	Begin *crashOp   `json:",omitempty"`
	Done  *crashOp   `json:",omitempty"`
	UIDs  []imap.UID `json:",omitempty"` // given in Box, or in To
	Also  imap.UID   `json:",omitempty"` // of a delivery: the uid in the shared mailbox
}

// crashText is the letter n: mostly small, some in several frames.
func crashText(n int) []byte {
	size := 40 + n*37
	switch {
	case n%29 == 0:
		size = 1200 << 10
	case n%7 == 0:
		size = 70 << 10
	}
	line := fmt.Sprintf("letter %d: %x\r\n", n, n*n*7919)
	return []byte(fmt.Sprintf("X-Letter: %d\r\nMessage-ID: <%d@example.org>\r\n\r\n", n, n) + strings.Repeat(line, size/len(line)+1))
}

// A crashBox is what a mailbox holds: by uid, the letter's number and flags.
type crashBox struct {
	next    imap.UID
	letters map[imap.UID]string
}

func (b crashBox) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "next %d:", b.next)
	for _, uid := range slices.Sorted(maps.Keys(b.letters)) {
		fmt.Fprintf(&text, " %d=%s", uid, b.letters[uid])
	}
	return text.String()
}

// A crashModel is what the mailboxes of one worker hold.
type crashModel map[string]*crashBox

func (m crashModel) clone() crashModel {
	clone := crashModel{}
	for name, box := range m {
		clone[name] = &crashBox{box.next, maps.Clone(box.letters)}
	}
	return clone
}

func (m crashModel) String() string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		lines = append(lines, name+" "+m[name].String())
	}
	return strings.Join(lines, "\n")
}

// apply does what the operation does, and returns the uids that it gives.
func (m crashModel) apply(op *crashOp) (given []imap.UID) {
	add := func(box *crashBox, letter string) {
		box.letters[box.next] = letter
		given = append(given, box.next)
		box.next++
	}
	from := m[op.Box]
	for _, n := range op.Letters {
		add(from, letterText(n, op.Flag))
	}
	for _, uid := range op.UIDs {
		letter, there := from.letters[uid]
		if !there {
			continue
		}
		switch op.Kind {
		case "copy":
			add(m[op.To], letter)
		case "move":
			add(m[op.To], letter)
			delete(from.letters, uid)
		case "flag":
			from.letters[uid] = withFlag(letter, op.Flag)
		case "expunge":
			if strings.Contains(letter, string(imap.FlagDeleted)) {
				delete(from.letters, uid)
			}
		}
	}
	return given
}

// letterText is a letter in a crashBox: "12 \Seen $Work".
func letterText(n int, flags ...imap.Flag) string {
	return strings.TrimRight(fmt.Sprintf("%d %s", n, flagText(flags)), " ")
}

func withFlag(letter string, flag imap.Flag) string {
	number, rest, _ := strings.Cut(letter, " ")
	var names []imap.Flag
	for name := range strings.FieldsSeq(rest + " " + string(flag)) {
		names = append(names, imap.Flag(name))
	}
	return strings.TrimRight(number+" "+flagText(names), " ")
}
