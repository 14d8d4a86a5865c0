package imapd

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"letterbox/store"
	"pgregory.net/rapid"
)

// A tally is a result as a client knows it, from the first answer and the
// updates alone.
type tally []uint32

var updatePattern = regexp.MustCompile(`(ADDTO|REMOVEFROM) \(([^)]*)\)`)

// update carries out what an ESEARCH response says (RFC 5267 sections 4.3.3 and
// 4.3.4).
func (p tally) update(line string) tally {
	for _, m := range updatePattern.FindAllStringSubmatch(line, -1) {
		words := strings.Fields(m[2])
		for i := 0; i+1 < len(words); i += 2 {
			at, _ := strconv.Atoi(words[i])
			list := expand(words[i+1])
			switch {
			case m[1] == "ADDTO" && at == 0:
				p = slices.Sorted(slices.Values(append(p, list...)))
			case m[1] == "ADDTO":
				p = slices.Insert(p, at-1, list...)
			case at == 0:
				p = slices.DeleteFunc(p, func(n uint32) bool { return slices.Contains(list, n) })
			default:
				if !slices.Equal(p[at-1:at-1+len(list)], list) {
					panic(fmt.Sprintf("%s: %v is not at %d of %v", line, list, at, p))
				}
				p = slices.Delete(p, at-1, at-1+len(list))
			}
		}
	}
	return p
}

// expand reads a sequence-set in its order.
func expand(set string) (list []uint32) {
	for part := range strings.SplitSeq(set, ",") {
		first, last, ok := strings.Cut(part, ":")
		if !ok {
			last = first
		}
		from, _ := strconv.ParseUint(first, 10, 32)
		to, _ := strconv.ParseUint(last, 10, 32)
		for n := from; n <= to; n++ {
			list = append(list, uint32(n))
		}
	}
	return list
}

// allOf reads the ALL of an ESEARCH response.
func allOf(lines []string) tally {
	for _, line := range lines {
		if _, set, ok := strings.Cut(line, " ALL "); ok {
			return expand(set)
		}
	}
	return nil
}

// Whatever happens to a mailbox, what a client makes of the updates is what a
// new search finds, in the same order.
func TestLiveResultsAgainstSearch(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	conn := h.bare(t)
	account, mailboxes := h.account(t, annaAddress), 0
	rapid.Check(t, func(rt *rapid.T) {
		mailboxes++
		box, err := h.store.CreateMailbox(context.Background(), account, fmt.Sprintf("live %d", mailboxes), "")
		check(t, err)
		add := func() {
			l := drawLetter(rt)
			_, err := h.store.Append(context.Background(), store.Batch{Messages: []store.NewMessage{{Mailbox: box.ID, Raw: l.raw(), Flags: l.flags, Received: l.received}}})
			check(t, err)
		}
		for range rapid.IntRange(0, 5).Draw(rt, "letters") {
			add()
		}
		conn.command(rt, `EXAMINE "`+box.Name+`"`)
		searches := []string{"SEARCH RETURN (%s) UNSEEN", "SEARCH RETURN (%s) OR FLAGGED SUBJECT tulip", "SORT RETURN (%s) (SUBJECT REVERSE DATE) UTF-8 UNDELETED", "SORT RETURN (%s) (REVERSE SIZE) UTF-8 NOT TEXT sun"}
		tallies := make([]tally, len(searches))
		for i, search := range searches {
			tallies[i] = allOf(conn.commandTagged(rt, fmt.Sprint("live", i), "UID "+fmt.Sprintf(search, "UPDATE ALL")))
		}
		for range rapid.IntRange(1, 6).Draw(rt, "steps") {
			for range rapid.IntRange(1, 3).Draw(rt, "changes") {
				uid := imap.UID(rapid.IntRange(1, 8).Draw(rt, "uid"))
				switch rapid.IntRange(0, 3).Draw(rt, "change") {
				case 0:
					add()
				case 1:
					_, err := h.store.SetFlags(context.Background(), box.ID, imap.UIDSetNum(uid), store.FlagChange{
						Op: imap.StoreFlagsSet, Flags: rapid.SliceOfDistinct(rapid.SampledFrom(someFlags), rapid.ID).Draw(rt, "flags")})
					check(t, err)
				default:
					_, _, err := h.store.Expunge(context.Background(), box.ID, imap.UIDSetNum(uid))
					check(t, err)
				}
			}
			lines := conn.command(rt, "NOOP")
			for i, search := range searches {
				for _, line := range lines {
					if strings.HasPrefix(line, fmt.Sprintf(`* ESEARCH (TAG "live%d") UID`, i)) {
						tallies[i] = tallies[i].update(line)
					}
				}
				want := allOf(conn.command(rt, "UID "+fmt.Sprintf(search, "ALL")))
				if !slices.Equal(tallies[i], want) {
					rt.Fatalf("%s: the client has %v, it is %v, after\n%s", search, tallies[i], want, strings.Join(lines, "\n"))
				}
			}
		}
	})
}
