package imapd

import (
	"bufio"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/store"
)

// A rightsCase is one thing that a command does to somebody else's mailbox, and
// which rights let it be done.
type rightsCase struct {
	command  string
	line     string // "@" is the mailbox, <rump> a URL of its message, <url> that URL authorized; what it does to the selected mailbox if there is none
	allowed  func(store.Rights) bool
	effect   func(*rightsRun) bool // besides the tagged OK, that it was done; nil: nothing to see
	hidden   string                // code of the refusal to who may not see the mailbox; "": NONEXISTENT
	selected bool                  // the mailbox is selected before
}

// fromOwn reports whether it takes messages from ben's own INBOX.
func (c *rightsCase) fromOwn() bool {
	return !c.selected && slices.Contains([]string{"COPY", "MOVE", "REPLACE"}, c.command)
}

// all is allowed to who has all of the rights, some to who has any of them.
func all(letters string) func(store.Rights) bool {
	need, _ := store.ParseRights(letters)
	return func(r store.Rights) bool { return r.Has(need) }
}

func some(letters string) func(store.Rights) bool {
	need, _ := store.ParseRights(letters)
	return func(r store.Rights) bool { return r.Any(need) }
}

func both(a, b func(store.Rights) bool) func(store.Rights) bool {
	return func(r store.Rights) bool { return a(r) && b(r) }
}

// withoutMailbox are the commands that no right on a mailbox has to do with.
var withoutMailbox = strings.Fields(`CAPABILITY NOOP LOGOUT ID STARTTLS AUTHENTICATE LOGIN ENABLE NAMESPACE
	SUBSCRIBE UNSUBSCRIBE LSUB GETQUOTA SETQUOTA IDLE
	COMPRESS UNAUTHENTICATE LANGUAGE NOTIFY`)

// rightsCases is RFC 4314 section 4 and what later standards add to it. A
// command that is neither here nor in withoutMailbox fails the test.
func rightsCases() []rightsCase {
	flag := func(f store.Flags) func(*rightsRun) bool {
		return func(r *rightsRun) bool { return r.flags()&f != 0 }
	}
	lacks := func(f store.Flags) func(*rightsRun) bool {
		return func(r *rightsRun) bool { return r.flags()&f == 0 }
	}
	emptied := func(r *rightsRun) bool { return r.box().Messages == 0 }
	annotate := both(all("l"), some("rswip"))
	appended := func(f store.Flags) func(*rightsRun) bool {
		return func(r *rightsRun) bool { return r.lastFlags()&f != 0 }
	}
	return []rightsCase{
		{command: "LIST", line: `LIST "" @`, allowed: all("l"), effect: func(r *rightsRun) bool { return r.heard("* LIST ") }},
		{command: "LIST", line: `LIST "" @ RETURN (MYRIGHTS)`, allowed: all("l"), effect: func(r *rightsRun) bool { return r.heard("* MYRIGHTS ") }},
		{command: "LIST", line: `LIST "" @ RETURN (STATUS (MESSAGES))`, allowed: all("lr"), effect: func(r *rightsRun) bool { return r.heard("* STATUS ") }},
		{command: "LIST", line: `LIST "" @ RETURN (METADATA (/shared/comment))`, allowed: annotate, effect: func(r *rightsRun) bool { return r.heard("* METADATA ") }},
		{command: "XLIST", line: `XLIST "" @`, allowed: all("l"), effect: func(r *rightsRun) bool { return r.heard("* XLIST ") }},
		{command: "SELECT", line: `SELECT @`, allowed: all("r")},
		{command: "EXAMINE", line: `EXAMINE @`, allowed: all("r")},
		{command: "STATUS", line: `STATUS @ (MESSAGES)`, allowed: all("r")},
		{command: "GETQUOTAROOT", line: `GETQUOTAROOT @`, allowed: all("r")},
		{command: "CREATE", line: `CREATE @/below`, allowed: all("k"), hidden: "CANNOT"},
		{command: "DELETE", line: `DELETE @`, allowed: all("x")},
		{command: "RENAME", line: `RENAME @ @-renamed`, allowed: all("x")}, // INBOX lets make others
		{command: "RENAME", line: `RENAME @-free @/below`, allowed: all("k"), hidden: "CANNOT"},
		{command: "GETACL", line: `GETACL @`, allowed: all("a")},
		{command: "SETACL", line: `SETACL @ carl@example.org lr`, allowed: all("a")},
		{command: "DELETEACL", line: `DELETEACL @ carl@example.org`, allowed: all("a")},
		{command: "LISTRIGHTS", line: `LISTRIGHTS @ carl@example.org`, allowed: all("a")},
		{command: "MYRIGHTS", line: `MYRIGHTS @`, allowed: some("lrikxa")},
		{command: "GETMETADATA", line: `GETMETADATA @ /shared/comment`, allowed: annotate},
		{command: "SETMETADATA", line: `SETMETADATA @ (/private/comment "x")`, allowed: annotate},
		{command: "SETMETADATA", line: `SETMETADATA @ (/shared/comment "x")`, allowed: all("lw")},
		{command: "RESETKEY", line: `RESETKEY @`, allowed: all("r")},
		{command: "GENURLAUTH", line: `GENURLAUTH "<rump>" INTERNAL`, allowed: all("r")},
		{command: "URLFETCH", line: `URLFETCH "<url>"`, allowed: all("r"), effect: func(r *rightsRun) bool { return len(r.lines) > 0 && !strings.HasSuffix(r.lines[0], " NIL\r\n") }},
		{command: "APPEND", line: "APPEND @ {1+}\r\nx", allowed: all("i"), hidden: "TRYCREATE"},
		{command: "APPEND", line: "APPEND @ (\\Seen) {1+}\r\nx", allowed: all("is"), hidden: "TRYCREATE", effect: appended(store.Seen)},
		{command: "APPEND", line: "APPEND @ (\\Deleted) {1+}\r\nx", allowed: all("it"), hidden: "TRYCREATE", effect: appended(store.Deleted)},
		{command: "APPEND", line: "APPEND @ (\\Flagged) {1+}\r\nx", allowed: all("iw"), hidden: "TRYCREATE", effect: appended(store.Flagged)},
		{command: "COPY", line: `COPY 1 @`, allowed: all("i"), hidden: "TRYCREATE"},
		{command: "COPY", line: `UID COPY 1 @`, allowed: all("is"), hidden: "TRYCREATE", effect: appended(store.Seen)},
		{command: "COPY", line: `COPY 1 @`, allowed: all("iw"), hidden: "TRYCREATE", effect: appended(store.Flagged)},
		{command: "MOVE", line: `MOVE 2 @`, allowed: all("i"), hidden: "TRYCREATE"},
		{command: "MOVE", line: `UID MOVE 2:* @`, allowed: all("it"), hidden: "TRYCREATE", effect: appended(store.Deleted)},

		{command: "CHECK", line: `CHECK`, selected: true, allowed: all("r")},
		{command: "UNSELECT", line: `UNSELECT`, selected: true, allowed: all("r")},
		{command: "CLOSE", line: `CLOSE`, selected: true, allowed: all("re"), effect: emptied},
		{command: "EXPUNGE", line: `EXPUNGE`, selected: true, allowed: all("re"), effect: emptied},
		{command: "EXPUNGE", line: `UID EXPUNGE 1`, selected: true, allowed: all("re"), effect: emptied},
		{command: "UIDBATCHES", line: `UIDBATCHES 2000`, selected: true, allowed: all("r")},
		{command: "SEARCH", line: `SEARCH ALL`, selected: true, allowed: all("r")},
		{command: "SORT", line: `SORT (DATE) UTF-8 ALL`, selected: true, allowed: all("r")},
		{command: "THREAD", line: `THREAD REFERENCES UTF-8 ALL`, selected: true, allowed: all("r")},
		{command: "CANCELUPDATE", line: `CANCELUPDATE "x"`, selected: true, allowed: all("r")},
		{command: "ESEARCH", line: `ESEARCH IN (mailboxes @) ALL`, allowed: all("lr"), effect: func(r *rightsRun) bool { return r.heard("* ESEARCH ") }},
		{command: "FETCH", line: `FETCH 1 BODY[]`, selected: true, allowed: all("r")},
		{command: "FETCH", line: `UID FETCH 1 BODY[]`, selected: true, allowed: all("rs"), effect: flag(store.Seen)},
		{command: "STORE", line: `STORE 1 +FLAGS (\Seen)`, selected: true, allowed: all("rs"), effect: flag(store.Seen)},
		{command: "STORE", line: `STORE 1 +FLAGS.SILENT (\Flagged)`, selected: true, allowed: all("rw"), effect: flag(store.Flagged)},
		{command: "STORE", line: `UID STORE 1 +FLAGS (word)`, selected: true, allowed: all("rw"), effect: flag(1 << store.FirstKeyword)},
		{command: "STORE", line: `STORE 1 -FLAGS (\Deleted)`, selected: true, allowed: all("rt"), effect: lacks(store.Deleted)},
		{command: "STORE", line: `STORE 1 FLAGS (\Seen \Flagged)`, selected: true, allowed: all("rs"), effect: flag(store.Seen)},
		{command: "STORE", line: `STORE 1 FLAGS ()`, selected: true, allowed: all("rt"), effect: lacks(store.Deleted)},
		{command: "COPY", line: `COPY 1 INBOX`, selected: true, allowed: all("r")},
		{command: "MOVE", line: `MOVE 1 INBOX`, selected: true, allowed: all("rte")},
		{command: "REPLACE", line: "REPLACE 1 INBOX {1+}\r\nx", selected: true, allowed: all("rte")},
		{command: "REPLACE", line: "UID REPLACE 2 @ {1+}\r\nx", allowed: all("i"), hidden: "TRYCREATE"},
		{command: "REPLACE", line: "UID REPLACE 2 @ (\\Seen) {1+}\r\nx", allowed: all("is"), hidden: "TRYCREATE", effect: appended(store.Seen)},
	}
}

// TestRights plays every case with every right alone and with all but one.
func TestRights(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user(t, "ben@example.org", annaPassword)
	h.user(t, "carl@example.org", annaPassword)
	run := &rightsRun{t: t, h: h, anna: h.account(t, annaAddress), ben: h.account(t, "ben@example.org")}
	run.connect()
	top := h.box(t, annaAddress, inbox)
	check(t, h.store.Grant(t.Context(), top, run.ben, func(store.Rights) store.Rights { return store.CreateBelow }))
	covered := map[string]bool{}
	for _, name := range withoutMailbox {
		covered[name] = true
	}
	for _, c := range rightsCases() {
		covered[c.command] = true
		run.play(c, 0)
		run.play(c, store.AllRights)
		for one := store.Rights(1); one <= store.AllRights; one <<= 1 {
			run.play(c, store.AllRights&^one)
			if c.selected {
				run.play(c, one|store.Read)
			} else {
				run.play(c, one)
			}
		}
	}
	for name := range commandTable() {
		if !covered[name] {
			t.Errorf("%s has no rule: which rights does it take?", name)
		}
	}
}

// A rightsRun plays cases in one session of ben's.
type rightsRun struct {
	t         *testing.T
	h         *house
	anna, ben store.AccountID
	conn      net.Conn
	r         *bufio.Reader
	n         int
	name      string // of the mailbox, in anna's account
	url       string
	lines     []string // the answers to the last command
}

func (r *rightsRun) connect() {
	address, _ := r.h.serve(r.t, Config{PlaintextLoopback: true, Offered: []string{"UIDBATCHES"}})
	conn, err := net.Dial("tcp", address)
	check(r.t, err)
	r.t.Cleanup(func() { _ = conn.Close() })
	r.conn, r.r = conn, bufio.NewReader(conn)
	_, err = r.r.ReadString('\n')
	check(r.t, err)
	r.send(`LOGIN ben@example.org "` + annaPassword + `"`)
}

// send sends a command and returns the tagged reply without the tag.
func (r *rightsRun) send(line string) string {
	r.t.Helper()
	_ = r.conn.SetDeadline(time.Now().Add(patience))
	_, err := fmt.Fprintf(r.conn, "tag %s\r\n", line)
	check(r.t, err)
	r.lines = nil
	for {
		answer, err := r.r.ReadString('\n')
		if err != nil {
			r.t.Fatalf("%s: %v after %q", line, err, r.lines)
		}
		if reply, ok := strings.CutPrefix(answer, "tag "); ok {
			return strings.TrimSpace(reply)
		}
		r.lines = append(r.lines, answer)
	}
}

func (r *rightsRun) heard(prefix string) bool {
	for _, line := range r.lines {
		if strings.HasPrefix(line, prefix) && strings.Contains(line, r.name) {
			return true
		}
	}
	return false
}

func (r *rightsRun) box() *store.Mailbox {
	r.t.Helper()
	m, err := r.h.store.Mailbox(r.t.Context(), r.anna, r.name)
	check(r.t, err)
	return m
}

func (r *rightsRun) entries() []store.Entry {
	r.t.Helper()
	v, err := r.h.store.View(r.t.Context(), r.box().ID)
	check(r.t, err)
	defer v.Close()
	return v.Entries(nil, v.Snapshot().UIDs)
}

// flags are those of the message that is there first, lastFlags of what was added.
func (r *rightsRun) flags() store.Flags { return r.entries()[0].Flags }

func (r *rightsRun) lastFlags() store.Flags {
	all := r.entries()
	if len(all) == 1 {
		return 0
	}
	return all[len(all)-1].Flags
}

// rump is a URL of the message, ready to be signed by ben.
func (r *rightsRun) rump() string {
	return "imap://ben%40example.org@x/Other%20Users/anna%40example.org/" + r.name + "/;UID=1;URLAUTH=anonymous"
}

// prepare makes a mailbox of anna's with one message, on which ben has the
// rights, and two messages in ben's INBOX.
func (r *rightsRun) prepare(c rightsCase, rights store.Rights) {
	r.t.Helper()
	ctx := r.t.Context()
	r.n++
	r.name = fmt.Sprintf("m%d", r.n)
	_, err := r.h.store.CreateMailbox(ctx, r.anna, r.name, "")
	check(r.t, err)
	r.h.message(r.t, annaAddress, r.name, store.NewMessage{Raw: []byte("x"), Flags: []imap.Flag{imap.FlagDeleted}})
	if strings.Contains(c.line, "<url>") {
		check(r.t, r.h.store.Grant(ctx, r.box().ID, r.ben, func(store.Rights) store.Rights { return store.AllRights }))
		r.send(`GENURLAUTH "` + r.rump() + `" INTERNAL`)
		r.url = strings.Split(r.lines[0], `"`)[1]
	}
	check(r.t, r.h.store.Grant(ctx, r.box().ID, r.ben, func(store.Rights) store.Rights { return rights }))
	if strings.Contains(c.line, "-free") {
		free, err := r.h.store.CreateMailbox(ctx, r.anna, r.name+"-free", "")
		check(r.t, err)
		check(r.t, r.h.store.Grant(ctx, free.ID, r.ben, func(store.Rights) store.Rights { return store.DeleteBox }))
	}
	if c.fromOwn() {
		check(r.t, r.h.store.RemoveAccount(ctx, r.ben))
		check(r.t, r.h.store.EnsureAccount(ctx, r.ben))
		top := r.h.box(r.t, annaAddress, inbox)
		check(r.t, r.h.store.Grant(ctx, top, r.ben, func(store.Rights) store.Rights { return store.CreateBelow }))
		check(r.t, r.h.store.Grant(ctx, r.box().ID, r.ben, func(store.Rights) store.Rights { return rights }))
		r.h.message(r.t, "ben@example.org", inbox, store.NewMessage{Raw: []byte("x"), Flags: []imap.Flag{imap.FlagSeen, imap.FlagFlagged}})
		r.h.message(r.t, "ben@example.org", inbox, store.NewMessage{Raw: []byte("y"), Flags: []imap.Flag{imap.FlagDeleted}})
	}
}

// play plays one case with one set of rights.
func (r *rightsRun) play(c rightsCase, rights store.Rights) {
	r.t.Helper()
	r.prepare(c, rights)
	name := `"Other Users/anna@example.org/` + r.name
	line := c.line
	for _, suffix := range []string{"/below", "-renamed", "-free"} {
		line = strings.ReplaceAll(line, "@"+suffix, name+suffix+`"`)
	}
	line = strings.ReplaceAll(line, "@example.org", "\x00")
	line = strings.ReplaceAll(line, "@", name+`"`)
	line = strings.ReplaceAll(line, "\x00", "@example.org")
	line = strings.NewReplacer("<url>", r.url, "<rump>", r.rump()).Replace(line)
	var reply string
	selected := false
	switch {
	case c.selected:
		reply = r.send("SELECT " + name + `"`)
		selected = strings.HasPrefix(reply, "OK ")
	case c.fromOwn():
		r.send("SELECT INBOX")
		selected = true
	}
	if selected || !c.selected {
		reply = r.send(line)
	}
	ok := strings.HasPrefix(reply, "OK ")
	if c.command == "SELECT" || c.command == "EXAMINE" {
		selected = ok
	}
	done := ok && (c.effect == nil || c.effect(r))
	if done != c.allowed(rights) {
		r.t.Errorf("%s with %q: done is %t, reply %s", c.line, rights, done, reply)
	}
	if !ok {
		want := "NO [NOPERM] "
		if !rights.Has(store.Lookup) && !(c.selected && rights.Has(store.Read)) {
			want = "NO [NONEXISTENT] "
			if c.hidden != "" {
				want = "NO [" + c.hidden + "] "
			}
		}
		if !strings.HasPrefix(reply, want) {
			r.t.Errorf("%s with %q: reply %s, want %s", c.line, rights, reply, want)
		}
	}
	if selected && c.command != "CLOSE" && c.command != "UNSELECT" {
		r.send("UNSELECT")
	}
}
