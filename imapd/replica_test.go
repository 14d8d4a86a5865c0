package imapd

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A dialect is what a client enables: how it is told of changes.
type dialect struct {
	condstore, qresync, uidOnly bool
	notify                      string // arguments of NOTIFY; empty: it is not used
}

func dialects() map[string]dialect {
	const everything = " (MessageNew (UID FLAGS) MessageExpunge FlagChange))"
	return map[string]dialect{
		"plain":            {},
		"condstore":        {condstore: true},
		"qresync":          {condstore: true, qresync: true},
		"uidonly":          {uidOnly: true},
		"uidonly+qresync":  {condstore: true, qresync: true, uidOnly: true},
		"notify":           {notify: "SET (SELECTED" + everything},
		"notify+delayed":   {notify: "SET (SELECTED-DELAYED" + everything},
		"notify+qresync":   {condstore: true, qresync: true, notify: "SET (SELECTED" + everything},
		"notify+condstore": {condstore: true, notify: "SET (SELECTED-DELAYED" + everything},
		"notify+uidonly":   {uidOnly: true, notify: "SET (SELECTED" + everything},
	}
}

// A replica is a client that keeps a picture of one mailbox, as clients with a
// cache do: from untagged responses alone, over several connections.
type replica struct {
	t interface {
		Errorf(string, ...any)
		Helper()
	}
	name, address string
	dialect
	user, password, mailbox string
	concurrent              bool // others change the mailbox at the same time

	conn net.Conn // nil between connections
	r    *bufio.Reader

	// The picture. With UIDONLY the messages have no order: seen holds those
	// that are known, and there are count in all. Else list has a message for
	// each number; a uid of 0 is not known yet.
	list  []replicated
	seen  map[int]replicated
	count int

	// For coming back (RFC 7162). Ghosts are messages of the cache that nobody has
	// said are gone.
	ghosts          map[int]replicated
	validity        string
	highest, beyond uint64 // the modseq up to which all is known; and what FETCH told since the last reply
	told            bool   // HIGHESTMODSEQ came since

	selected, closing bool        // a mailbox is selected, and is about to be left
	command           string      // that is being answered
	expected          silentStore // what a conditional silent STORE does where it succeeds
}

// A replicated message: flags are sorted, without \Recent; "?" is not known.
type replicated struct {
	uid   int
	flags string
}

type silentStore struct {
	on   bool
	sign string
	flag string
}

const unknownFlags = "?"

// connect signs in and selects the mailbox, resuming from what is known.
func (c *replica) connect() bool {
	conn, err := net.Dial("tcp", c.address)
	if err != nil {
		c.t.Errorf("%s: %v", c.name, err)
		return false
	}
	c.conn, c.r = conn, bufio.NewReader(conn)
	ok := c.do(fmt.Sprintf("LOGIN %s %q", c.user, c.password))
	if c.uidOnly {
		ok = ok && c.do("ENABLE UIDONLY")
	}
	if c.qresync {
		ok = ok && c.do("ENABLE QRESYNC")
	}
	if c.notify != "" {
		ok = ok && c.do("NOTIFY "+c.notify)
	}
	return ok && c.sel()
}

// sel selects the mailbox and brings the picture up to date.
func (c *replica) sel() bool {
	if c.selected {
		c.closing = true // what is told up to CLOSED is about the mailbox before
	} else {
		c.remember()
	}
	validity, since := c.validity, c.highest
	command := "SELECT " + c.mailbox
	switch {
	case c.qresync && validity != "":
		command += fmt.Sprintf(" (QRESYNC (%s %d))", validity, max(since, 1))
	case c.condstore:
		command += " (CONDSTORE)"
	}
	if !c.do(command) {
		return false
	}
	if validity != c.validity {
		c.seen = nil
		since = 0
	}
	switch {
	case c.qresync && since > 0:
		c.ghosts = maps.Clone(c.seen)
		if !c.number() {
			return false
		}
		for _, m := range c.known() {
			delete(c.ghosts, m.uid)
		}
		if len(c.ghosts) > 0 {
			c.t.Errorf("%s: came back from modseq %d and was not told that %v vanished", c.name, since, c.ghosts)
		}
		return c.complete()
	case c.condstore && since > 0:
		return c.number() && c.do(fmt.Sprintf("UID FETCH 1:* (FLAGS) (CHANGEDSINCE %d)", since)) && c.complete()
	}
	c.seen = nil
	return c.do("UID FETCH 1:* (FLAGS)") && c.complete()
}

// remember makes a cache of the picture.
func (c *replica) remember() {
	for _, m := range c.known() {
		c.seen = with(c.seen, m)
	}
	c.list, c.count, c.closing, c.selected = nil, 0, false, true
}

func with(m map[int]replicated, r replicated) map[int]replicated {
	if m == nil {
		m = map[int]replicated{}
	}
	if r.uid != 0 {
		m[r.uid] = r
	}
	return m
}

// number asks which messages there are, and takes their flags from the cache.
func (c *replica) number() bool {
	cache := c.seen
	c.seen = nil
	if !c.do("UID FETCH 1:* (UID)") {
		return false
	}
	if c.uidOnly {
		for uid, m := range c.seen {
			if old, ok := cache[uid]; ok && m.flags == unknownFlags {
				c.seen[uid] = old
			}
		}
		return true
	}
	for i, m := range c.list {
		if old, ok := cache[m.uid]; ok && m.flags == unknownFlags {
			c.list[i] = old
		}
	}
	return true
}

// complete asks for what is not known of messages.
func (c *replica) complete() bool {
	if c.uidOnly {
		if len(c.seen) < c.count {
			if !c.do("UID FETCH 1:* (FLAGS)") {
				return false
			}
		}
		for uid, m := range c.seen {
			if m.flags == unknownFlags && !c.do(fmt.Sprintf("UID FETCH %d (FLAGS)", uid)) {
				return false
			}
		}
		return true
	}
	if slices.ContainsFunc(c.list, func(m replicated) bool { return m.uid == 0 || m.flags == unknownFlags }) {
		return c.do("UID FETCH 1:* (UID FLAGS)")
	}
	return true
}

// known is the picture by uid, as far as it is known.
func (c *replica) known() []replicated {
	if c.uidOnly {
		return slices.SortedFunc(maps.Values(c.seen), func(a, b replicated) int { return a.uid - b.uid })
	}
	return slices.DeleteFunc(slices.Clone(c.list), func(m replicated) bool { return m.uid == 0 })
}

// total is how many messages the client was told of.
func (c *replica) total() int {
	if c.uidOnly {
		return c.count
	}
	return len(c.list)
}

// kill ends the connection without a word.
func (c *replica) kill() {
	if c.conn != nil {
		_ = c.conn.Close()
		c.conn, c.selected, c.closing = nil, false, false
	}
}

// do sends a command and takes in what is told until its reply. It reports
// whether the connection is still there; BAD is an error.
func (c *replica) do(command string) bool {
	c.t.Helper()
	if c.conn == nil {
		return false
	}
	c.command = command
	c.beyond, c.told = 0, false
	_ = c.conn.SetDeadline(time.Now().Add(patience))
	if _, err := fmt.Fprintf(c.conn, "a %s\r\n", command); err != nil {
		c.kill()
		return false
	}
	for {
		line, err := c.response()
		switch {
		case err != nil:
			c.kill()
			return false
		case strings.HasPrefix(line, "a BAD"):
			c.t.Errorf("%s: %.80q: %s", c.name, command, line)
			return false
		case strings.HasPrefix(line, "a "):
			c.code(line)
			c.settle()
			return true
		case strings.HasPrefix(line, "+ "):
			_, _ = io.WriteString(c.conn, "DONE\r\n")
		default:
			c.hear(line)
		}
	}
}

// settle works out the modseq that the client may come back with (RFC 7162
// section 6).
func (c *replica) settle() {
	verb, _, _ := strings.Cut(strings.TrimPrefix(c.command, "UID "), " ")
	if !c.told && verb != "FETCH" && verb != "SELECT" && c.beyond > c.highest {
		c.highest = c.beyond
	}
	c.expected = silentStore{}
}

// response reads a response with its literals, which it leaves out.
func (c *replica) response() (string, error) {
	var whole strings.Builder
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			return "", err
		}
		line = strings.TrimSuffix(line, "\r\n")
		size := announcedAtEnd.FindStringSubmatch(line)
		whole.WriteString(line)
		if size == nil {
			return whole.String(), nil
		}
		n, _ := strconv.Atoi(size[1])
		if _, err := c.r.Discard(n); err != nil {
			return "", err
		}
	}
}

var (
	announcedAtEnd  = regexp.MustCompile(`\{(\d+)\}$`)
	replicaNumber   = regexp.MustCompile(`^\* (\d+) (EXISTS|EXPUNGE|FETCH|UIDFETCH)(?: \((.*)\))?$`)
	replicaVanished = regexp.MustCompile(`^\* VANISHED (\(EARLIER\) )?([\d:,]+)$`)
	replicaUID      = regexp.MustCompile(`\bUID (\d+)`)
	replicaFlags    = regexp.MustCompile(`\bFLAGS \((.*?)\)`)
	replicaModSeq   = regexp.MustCompile(`\bMODSEQ \((\d+)\)`)
	replicaHighest  = regexp.MustCompile(`\[HIGHESTMODSEQ (\d+)\]`)
	replicaValidity = regexp.MustCompile(`\[UIDVALIDITY (\d+)\]`)
)

// hear takes in an untagged response.
func (c *replica) hear(line string) {
	if m := replicaVanished.FindStringSubmatch(line); m != nil {
		c.vanished(m[1] != "", m[2])
		return
	}
	m := replicaNumber.FindStringSubmatch(line)
	if m == nil {
		c.code(line)
		return
	}
	n, _ := strconv.Atoi(m[1])
	switch m[2] {
	case "EXISTS":
		c.exists(n)
	case "EXPUNGE":
		c.expunged(n)
	case "FETCH":
		c.fetched(n, m[3])
	case "UIDFETCH":
		c.uidFetched(n, m[3])
	}
}

// code takes in what response codes say.
func (c *replica) code(line string) {
	if c.closing && strings.Contains(line, "[CLOSED]") {
		c.remember()
	}
	if m := replicaHighest.FindStringSubmatch(line); m != nil {
		c.highest, _ = strconv.ParseUint(m[1], 10, 64)
		c.told = true
	}
	if m := replicaValidity.FindStringSubmatch(line); m != nil {
		c.validity = m[1]
	}
}

func (c *replica) exists(n int) {
	if n < c.total() {
		c.t.Errorf("%s: %s: %d messages become %d", c.name, c.command, c.total(), n)
		return
	}
	c.count = n
	for !c.uidOnly && len(c.list) < n {
		c.list = append(c.list, replicated{flags: unknownFlags})
	}
}

func (c *replica) expunged(n int) {
	verb, _, _ := strings.Cut(c.command, " ")
	switch {
	case c.uidOnly || c.qresync:
		c.t.Errorf("%s: told of an EXPUNGE", c.name)
	case n < 1 || n > len(c.list):
		c.t.Errorf("%s: %s: EXPUNGE %d of %d", c.name, c.command, n, len(c.list))
	case (verb == "FETCH" || verb == "STORE" || verb == "SEARCH") && !strings.HasPrefix(c.notify, "SET (SELECTED "):
		c.t.Errorf("%s: %s: told of an EXPUNGE", c.name, c.command)
	default:
		c.list = slices.Delete(c.list, n-1, n)
	}
}

func (c *replica) vanished(earlier bool, set string) {
	if !c.uidOnly && !c.qresync {
		c.t.Errorf("%s: told of VANISHED", c.name)
	}
	for part := range strings.SplitSeq(set, ",") {
		first, last, isRange := strings.Cut(part, ":")
		from, _ := strconv.Atoi(first)
		to := from
		if isRange {
			to, _ = strconv.Atoi(last)
		}
		for uid := from; uid <= to; uid++ {
			if earlier {
				delete(c.seen, uid)
				continue
			}
			c.gone(uid)
		}
	}
}

// gone takes one message out: the one with the uid, or one whose uid is not
// known.
func (c *replica) gone(uid int) {
	delete(c.ghosts, uid)
	delete(c.seen, uid)
	if c.uidOnly {
		if c.count == 0 {
			c.t.Errorf("%s: %s: uid %d vanished from nothing", c.name, c.command, uid)
		}
		c.count--
		return
	}
	i := slices.IndexFunc(c.list, func(m replicated) bool { return m.uid == uid })
	if i < 0 {
		// It is one of those right before the next that is known to come later.
		if i = slices.IndexFunc(c.list, func(m replicated) bool { return m.uid > uid }); i < 0 {
			i = len(c.list)
		}
		i--
	}
	if i < 0 || c.list[i].uid != uid && c.list[i].uid != 0 {
		c.t.Errorf("%s: %s: uid %d vanished, which is not there", c.name, c.command, uid)
		return
	}
	c.list = slices.Delete(c.list, i, i+1)
}

func (c *replica) fetched(n int, items string) {
	if c.uidOnly || n < 1 || n > len(c.list) {
		c.t.Errorf("%s: %s: FETCH %d of %d (%s)", c.name, c.command, n, len(c.list), items)
		return
	}
	m := &c.list[n-1]
	if uid := replicaUID.FindStringSubmatch(items); uid != nil {
		number, _ := strconv.Atoi(uid[1])
		if m.uid != 0 && m.uid != number {
			c.t.Errorf("%s: %s: uid %d becomes %d", c.name, c.command, m.uid, number)
		}
		m.uid = number
	}
	c.takeItems(m, items)
}

func (c *replica) uidFetched(uid int, items string) {
	m, ok := c.seen[uid]
	if !ok {
		m = replicated{uid, unknownFlags}
	}
	c.takeItems(&m, items)
	c.seen = with(c.seen, m)
}

func (c *replica) takeItems(m *replicated, items string) {
	modseq := replicaModSeq.FindStringSubmatch(items)
	if modseq != nil {
		n, _ := strconv.ParseUint(modseq[1], 10, 64)
		c.beyond = max(c.beyond, n)
	}
	flags := replicaFlags.FindStringSubmatch(items)
	switch {
	case flags != nil:
		m.flags = sortedFlags(flags[1])
	case modseq != nil && c.expected.on:
		m.flags = c.expected.of(m.flags)
	}
}

// sortedFlags is a set of flags in one form, without \Recent.
func sortedFlags(text string) string {
	flags := slices.DeleteFunc(strings.Fields(text), func(f string) bool { return f == `\Recent` })
	slices.Sort(flags)
	return strings.Join(slices.Compact(flags), " ")
}

// of is what a silent STORE makes of flags.
func (s silentStore) of(flags string) string {
	switch {
	case s.sign == "":
		return s.flag
	case flags == unknownFlags:
		return unknownFlags
	case s.sign == "+":
		return sortedFlags(flags + " " + s.flag)
	}
	return sortedFlags(strings.Join(slices.DeleteFunc(strings.Fields(flags), func(f string) bool { return f == s.flag }), " "))
}

// forget forgets all flags.
func (c *replica) forget() bool {
	for i := range c.list {
		c.list[i].flags = unknownFlags
	}
	for uid := range c.seen {
		c.seen[uid] = replicated{uid, unknownFlags}
	}
	return true
}

// storeSilent changes flags without being told what they become, but for
// conditions that failed.
func (c *replica) storeSilent(first, last int, change silentStore, unchangedSince *uint64) bool {
	if c.notify != "" && c.concurrent {
		// What was told before the command is processed cannot be told from what
		// became of it.
		return c.do(fmt.Sprintf("UID STORE %d:%d %sFLAGS.SILENT (%s)", first, last, change.sign, change.flag)) && c.forget()
	}
	if c.notify != "" && !c.do("NOOP") {
		// What was told before the command is processed would be taken for what
		// became of it.
		return false
	}
	condition := ""
	if unchangedSince == nil {
		if c.uidOnly {
			for uid, m := range c.seen {
				if first <= uid && uid <= last {
					m.flags = change.of(m.flags)
					c.seen[uid] = m
				}
			}
		}
		for i, m := range c.list {
			switch {
			case m.uid == 0: // perhaps it is one of them
				c.list[i].flags = unknownFlags
			case first <= m.uid && m.uid <= last:
				c.list[i].flags = change.of(m.flags)
			}
		}
	} else {
		condition = fmt.Sprintf("(UNCHANGEDSINCE %d) ", *unchangedSince)
		c.expected = change
		c.expected.on = true
	}
	return c.do(fmt.Sprintf("UID STORE %d:%d %s%sFLAGS.SILENT (%s)", first, last, condition, change.sign, change.flag))
}
