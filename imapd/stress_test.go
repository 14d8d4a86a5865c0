package imapd

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"letterbox/store"
)

// stressTime is how long TestStress goes on: LETTERBOX_STRESS, such as 60s, or a
// little while.
func stressTime(t *testing.T) time.Duration {
	text := os.Getenv("LETTERBOX_STRESS")
	if text == "" {
		return 2 * time.Second
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("LETTERBOX_STRESS: %v", err)
	}
	return d
}

// Many clients of several users send every command there is, at the same time,
// and leave in the middle of some. In the end every client's picture is the
// mailbox, the counters are what there is, and nothing is left of the sessions.
// Not parallel: it counts goroutines.
func TestStress(t *testing.T) {
	h := newHouse(t)
	users := map[string]string{annaAddress: annaPassword, "bob@example.org": "roses in june", "carol@example.org": "asters in fall"}
	for address, password := range users {
		if address != annaAddress {
			h.user(t, address, password)
		}
	}
	address, _ := h.serve(t, Config{PlaintextLoopback: true, Offered: []string{"UIDONLY", "UIDBATCHES"}})
	end := time.Now().Add(stressTime(t))
	var clients []*replica
	var playing sync.WaitGroup
	names := slices.Sorted(maps.Keys(dialects()))
	for i := range 12 {
		user := slices.Sorted(maps.Keys(users))[i%len(users)]
		name := names[i%len(names)]
		c := &replica{
			t: t, name: fmt.Sprintf("%d %s", i, name), address: address, dialect: dialects()[name],
			user: user, password: users[user], mailbox: "INBOX", concurrent: true,
		}
		clients = append(clients, c)
		random := rand.New(rand.NewPCG(uint64(i), 1))
		playing.Go(func() {
			for time.Now().Before(end) && !t.Failed() {
				c.stress(random)
			}
		})
	}
	playing.Wait()
	for _, c := range clients {
		box, err := h.store.Mailbox(t.Context(), h.account(t, c.user), "INBOX")
		check(t, err)
		if c.conn == nil && !c.connect() {
			t.Errorf("%s: cannot come back", c.name)
		}
		(&waiter{h.store, box.ID}).compare(t, c)
		c.kill()
	}
	for user := range users {
		checkCounters(t, h, h.account(t, user))
	}
	h.stop()
	var stacks bytes.Buffer
	check(t, pprof.Lookup("goroutine").WriteTo(&stacks, 2))
	for _, stack := range strings.Split(stacks.String(), "\n\n") {
		if strings.Contains(stack, "imapd.(*session)") || strings.Contains(stack, "imapd.(*gathering)") {
			t.Errorf("left behind:\n%s", stack)
		}
	}
}

// checkCounters compares what an account's mailboxes count with what they hold.
func checkCounters(t *testing.T, h *house, account store.AccountID) {
	list, _, err := h.store.Mailboxes(t.Context(), account)
	check(t, err)
	usage, _, err := h.store.Usage(t.Context(), account)
	check(t, err)
	for _, m := range list {
		usage.Messages -= int64(m.Messages)
		usage.Bytes -= m.Bytes
		for _, r := range (&waiter{h.store, m.ID}).truth(t) {
			m.Messages--
			if !strings.Contains(r.flags, `\Seen`) {
				m.Unseen--
			}
			if strings.Contains(r.flags, `\Deleted`) {
				m.Deleted--
			}
		}
		if m.Messages != 0 || m.Unseen != 0 || m.Deleted != 0 {
			t.Errorf("%s counts %d messages, %d unseen, %d deleted too many", m.Name, int32(m.Messages), int32(m.Unseen), int32(m.Deleted))
		}
	}
	if usage.Messages != 0 || usage.Bytes != 0 {
		t.Errorf("account %d uses %d messages and %d bytes beyond its mailboxes", account, usage.Messages, usage.Bytes)
	}
}

// stress does one thing at random.
func (c *replica) stress(random *rand.Rand) {
	switch n := random.IntN(100); {
	case c.conn == nil:
		c.connect()
	case n < 3:
		c.breakOff(random)
	case n < 5:
		c.do("UNAUTHENTICATE")
		c.kill() // another would sign in now
	case n < 8:
		if c.do([]string{"CLOSE", "UNSELECT"}[random.IntN(2)]) {
			c.selected = false
			c.sel()
		}
	case n < 10:
		c.sel()
	case n < 55:
		c.change(random)
	default:
		commands := c.others(random)
		c.do(commands[random.IntN(len(commands))])
	}
}

// breakOff leaves in the middle of something.
func (c *replica) breakOff(random *rand.Rand) {
	half := []string{
		"", "a", "a APPEND INBOX {1000}\r\n", "a APPEND INBOX {1000+}\r\nSubject: half\r\n", "a UID FETCH 1:* (BODY.PEEK[]", "a IDLE\r\n",
		"a UID FETCH 1:* (BODY[])\r\n", "a EXPUNGE\r\n", "a UID STORE 1:* +FLAGS ($Half)\r\n", "a UID MOVE 1:2 Archive\r\n", "a UID SEARCH TEXT hello\r\n",
		"a COMPRESS DEFLATE\r\nx",
	}
	_, _ = io.WriteString(c.conn, half[random.IntN(len(half))])
	c.kill()
}

// change changes the mailbox, or asks for what changes it.
func (c *replica) change(random *rand.Rand) {
	const message = "Subject: hello\r\n\r\nHello.\r\n"
	highest := 1
	for _, m := range c.known() {
		highest = max(highest, m.uid)
	}
	first := max(1, highest-random.IntN(30))
	last := first + random.IntN(10)
	change := silentStore{
		sign: []string{"+", "-", ""}[random.IntN(3)],
		flag: []string{`\Deleted`, `\Flagged`, `\Seen`, `\Answered`, "$Todo"}[random.IntN(5)],
	}
	switch random.IntN(12) {
	case 0, 1, 2:
		c.do("APPEND INBOX" + strings.Repeat(fmt.Sprintf(" (%s) {%d+}\r\n%s", change.flag, len(message), message), 1+random.IntN(4)))
	case 3, 4:
		c.do(fmt.Sprintf("UID STORE %d:%d %sFLAGS (%s)", first, last, change.sign, change.flag))
	case 5, 6:
		c.storeSilent(first, last, change, nil)
	case 7:
		c.do("EXPUNGE")
	case 8:
		c.do(fmt.Sprintf("UID EXPUNGE %d:%d", first, last))
	case 9:
		c.do(fmt.Sprintf("UID FETCH %d:%d (FLAGS BODY[])", first, last))
	case 10:
		verb := []string{"COPY", "MOVE"}[random.IntN(2)]
		c.do(fmt.Sprintf("UID %s %d:%d %s", verb, first, last, []string{"INBOX", "Archive"}[random.IntN(2)]))
	case 11:
		if c.total() > 100 {
			c.do(`UID STORE 1:* +FLAGS (\Deleted)`)
			c.do("EXPUNGE")
		}
	}
}

// others are commands that leave the picture alone.
func (c *replica) others(random *rand.Rand) []string {
	x := fmt.Sprintf("x%d", random.IntN(5))
	commands := []string{
		"NOOP", "CHECK", "CAPABILITY", "ID NIL", "NAMESPACE", "IDLE", "IDLE", "LANGUAGE en", `LSUB "" *`, `XLIST "" *`,
		`LIST "" * RETURN (STATUS (MESSAGES UNSEEN HIGHESTMODSEQ) SUBSCRIBED)`, `LIST (SPECIAL-USE) "" *`,
		"STATUS Archive (MESSAGES UIDNEXT UIDVALIDITY DELETED SIZE)", "CREATE " + x, "DELETE " + x, "RENAME " + x + " " + x + "y/z",
		"DELETE " + x + "y/z", "SUBSCRIBE " + x, "UNSUBSCRIBE " + x, "GETQUOTAROOT INBOX", "GETMETADATA INBOX /private/comment",
		`SETMETADATA Archive (/private/comment "x")`, "RENAME INBOX old" + x, "DELETE old" + x,
		"UID SEARCH UNSEEN TEXT hello", "UID SEARCH RETURN (MIN MAX COUNT) MODSEQ 1", "UID SEARCH RETURN (SAVE) FLAGGED", "UID FETCH $ (UID)",
		"UID FETCH 1:* (UID ENVELOPE BODYSTRUCTURE PREVIEW EMAILID THREADID SAVEDATE)", "UID FETCH 1:5 (BINARY.PEEK[1] RFC822.SIZE)",
		"UIDBATCHES 500", "GETQUOTA \"\"", "MYRIGHTS INBOX", "UID SORT (DATE) UTF-8 ALL", "UID THREAD REFERENCES UTF-8 ALL",
	}
	table := commandTable()
	return slices.DeleteFunc(commands, func(command string) bool {
		name, _, _ := strings.Cut(strings.TrimPrefix(command, "UID "), " ")
		return table[name] == nil // not every build has it
	})
}
