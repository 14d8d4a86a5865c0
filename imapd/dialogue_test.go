package imapd

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

// The dialogues in testdata/dialogues are played against a real server over real
// sockets. A file is a txtar archive: the comment says what it shows, the
// section "dialogue" is played line by line, every other section is a message
// (its line ends become CRLF).
//
// A line of the dialogue is one of
//
//	# anything                    a comment; empty lines count for nothing
//	A> a1 NOOP                    connection A sends this and CRLF
//	A>> "a1 NOOP\r\na2 NOOP\r\n"  A sends exactly this, in one packet (Go string)
//	A>file hello.eml              A sends the message, without more
//	A< a1 OK {{.*}}               A receives this line; see below
//	A<~ * 3 EXISTS                likewise; neighbouring <~ lines come in any order
//	A<file hello.eml              A receives exactly these bytes
//	A<end                         the server has closed A
//
// or a directive:
//
//	server KEY=VALUE ...          before the first connection: append-limit, withheld, offered,
//	                              per-address, per-user, connections, idle, command, keep-alive,
//	                              sign-in (durations), plaintext=no
//	user ADDRESS PASSWORD         a user; anna@example.org with "tulips in may" is there already
//	mailbox ADDRESS NAME [\Use]
//	role ADDRESS ROLE             such as admin
//	team ADDRESS [MEMBER RIGHTS ...]
//	grant OWNER MAILBOX ADDRESS RIGHTS         "anyone" for all
//	remove ADDRESS                the user with their mail
//	own-seen ADDRESS MAILBOX      everybody has a \Seen of their own
//	limit ADDRESS BYTES MESSAGES MAILBOXES     the quota; 0 for any
//	append-limit ADDRESS MAILBOX BYTES
//	message ADDRESS MAILBOX FILE [\Flag ...]   appended through the store
//	connect A [tls] [from 127.0.0.2]           the greeting is the first line to come
//	sign-in A [ADDRESS PASSWORD]  connect, read the greeting, LOGIN; anna without more
//	select A MAILBOX              sign-in, unless A is there; SELECT, and what it answers is read
//	examine A MAILBOX             likewise
//	starttls A                    the client's half of the handshake
//	compress A                    from here on, both directions are compressed
//	uncompress A                  and not any more
//	capabilities ADDRESS -WITHHELD +OFFERED ...   a user's own
//	close A
//	repeat N ... end              plays the lines between N times; {{$n}} counts from 1
//	skip A N                      A receives N lines, whatever they are
//	until A TEXT                  A receives lines up to one that begins so
//	clock 5m                      for those who watch (package habit), time passes
//	finding KIND [TEXT ...]       that was found, and its figures are such; _ for any
//	no finding KIND
//	restart                       does nothing to the data: the server drains and starts again
//
// In expected lines {{regexp}} matches, {{name=regexp}} matches and is
// remembered, and {{$name}} stands for what was remembered, also in lines sent.
// A name with a space is quoted with single quotes in directives.

const (
	annaAddress  = "anna@example.org"
	annaPassword = "tulips in may"
	patience     = 20 * time.Second // for anything to arrive
)

func TestDialogues(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/dialogues/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no dialogues: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			play(t, file)
		})
	}
}

// A stage is what a dialogue is played on.
type stage struct {
	t        *testing.T
	where    string // file:line being played
	cfg      Config
	house    *house
	files    map[string][]byte
	actors   map[string]*actor
	captured map[string]string
}

// An actor is one connection of a client.
type actor struct {
	conn net.Conn
	r    *bufio.Reader
}

func play(t *testing.T, file string) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	st := &stage{
		t: t, cfg: Config{PlaintextLoopback: true},
		files: map[string][]byte{}, actors: map[string]*actor{}, captured: map[string]string{},
	}
	var script []byte
	for _, f := range archive.Files {
		if f.Name == "dialogue" {
			script = f.Data
			continue
		}
		st.files[f.Name] = bytes.ReplaceAll(f.Data, []byte("\n"), []byte("\r\n"))
	}
	st.house = newHouse(t)
	defer st.leave()
	lines := strings.Split(string(script), "\n")
	for i := 0; i < len(lines); {
		st.where = fmt.Sprintf("%s: dialogue line %d: %s", filepath.Base(file), i+1, lines[i])
		i += st.play(lines[i:])
	}
}

func (st *stage) leave() {
	for _, a := range st.actors {
		_ = a.conn.Close()
	}
}

func (st *stage) fatalf(format string, args ...any) {
	st.t.Helper()
	st.t.Fatalf("%s\n\t%s", st.where, fmt.Sprintf(format, args...))
}

var dialogueLine = regexp.MustCompile(`^([A-Z])(>>|>file|>|<~|<file|<end|<)(?: (.*))?$`)

// play plays the first of the lines, or several that belong together, and
// returns how many.
func (st *stage) play(lines []string) int {
	line := strings.TrimRight(lines[0], "\r")
	if line == "" || strings.HasPrefix(line, "#") {
		return 1
	}
	if times, ok := strings.CutPrefix(line, "repeat "); ok {
		return st.repeat(int(st.number(times)), lines)
	}
	m := dialogueLine.FindStringSubmatch(line)
	if m == nil {
		st.direct(splitDirective(st.insert(line)))
		return 1
	}
	a, text := st.actors[m[1]], m[3]
	if a == nil {
		st.fatalf("%s is not connected", m[1])
	}
	switch m[2] {
	case ">":
		st.send(a, []byte(st.insert(text)+"\r\n"))
	case ">>":
		raw, err := strconv.Unquote(st.insert(text))
		if err != nil {
			st.fatalf("not a Go string: %v", err)
		}
		st.send(a, []byte(raw))
	case ">file":
		st.send(a, st.file(text))
	case "<":
		if got := st.receive(a); !st.match(text, got) {
			st.fatalf("got %q", got)
		}
	case "<~":
		return st.receiveAny(a, m[1]+"<~ ", lines)
	case "<file":
		st.receiveFile(a, st.file(text))
	case "<end":
		if b, err := a.r.ReadByte(); err == nil {
			rest, _ := a.r.ReadString('\n')
			st.fatalf("got %q", string(b)+rest)
		}
	}
	return 1
}

// repeat plays what stands up to "end" several times.
func (st *stage) repeat(times int, lines []string) int {
	end := slices.Index(lines, "end")
	if end < 0 {
		st.fatalf("no end")
	}
	for n := range times {
		st.captured["n"] = strconv.Itoa(n + 1)
		for i := 1; i < end; {
			i += st.play(lines[i:end])
		}
	}
	return end + 1
}

func (st *stage) file(name string) []byte {
	data, ok := st.files[name]
	if !ok {
		st.fatalf("no section %s", name)
	}
	return data
}

func (st *stage) send(a *actor, data []byte) {
	_ = a.conn.SetDeadline(time.Now().Add(patience))
	if _, err := a.conn.Write(data); err != nil {
		st.fatalf("write: %v", err)
	}
}

func (st *stage) receive(a *actor) string {
	_ = a.conn.SetDeadline(time.Now().Add(patience))
	line, err := a.r.ReadString('\n')
	if err != nil {
		st.fatalf("read: %v after %q", err, line)
	}
	text, ok := strings.CutSuffix(line, "\r\n")
	if !ok {
		st.fatalf("line without CRLF: %q", line)
	}
	return text
}

func (st *stage) receiveFile(a *actor, want []byte) {
	_ = a.conn.SetDeadline(time.Now().Add(patience))
	got := make([]byte, len(want))
	if n, err := io.ReadFull(a.r, got); err != nil {
		st.fatalf("read: %v after %q", err, got[:n])
	}
	if !bytes.Equal(got, want) {
		st.fatalf("got %q", got)
	}
}

// receiveAny receives as many lines as there are neighbours with the prefix.
func (st *stage) receiveAny(a *actor, prefix string, lines []string) int {
	var want []string
	for _, line := range lines {
		text, ok := strings.CutPrefix(line, prefix)
		if !ok {
			break
		}
		want = append(want, text)
	}
	n := len(want)
	for range n {
		got, found := st.receive(a), -1
		for i, pattern := range want {
			if st.match(pattern, got) {
				found = i
				break
			}
		}
		if found < 0 {
			st.fatalf("got %q, which is none of\n\t%s", got, strings.Join(want, "\n\t"))
		}
		want = append(want[:found], want[found+1:]...)
	}
	return n
}

var (
	dialoguePart    = regexp.MustCompile(`\{\{.*?\}\}`)
	dialogueCapture = regexp.MustCompile(`^([a-z]\w*)=(.*)$`)
)

// insert replaces {{$name}} by what was captured.
func (st *stage) insert(text string) string {
	return dialoguePart.ReplaceAllStringFunc(text, func(part string) string {
		name, ok := strings.CutPrefix(strings.Trim(part, "{}"), "$")
		if !ok {
			return part
		}
		return st.captured[name]
	})
}

// match compares a line with a pattern and remembers the captures.
func (st *stage) match(pattern, line string) bool {
	var expr strings.Builder
	expr.WriteString("^")
	rest := st.insert(pattern)
	for {
		at := dialoguePart.FindStringIndex(rest)
		if at == nil {
			break
		}
		expr.WriteString(regexp.QuoteMeta(rest[:at[0]]))
		part := rest[at[0]+2 : at[1]-2]
		if m := dialogueCapture.FindStringSubmatch(part); m != nil {
			fmt.Fprintf(&expr, "(?P<%s>%s)", m[1], m[2])
		} else {
			fmt.Fprintf(&expr, "(?:%s)", part)
		}
		rest = rest[at[1]:]
	}
	expr.WriteString(regexp.QuoteMeta(rest) + "$")
	re, err := regexp.Compile(expr.String())
	if err != nil {
		st.fatalf("pattern: %v", err)
	}
	m := re.FindStringSubmatch(line)
	for i, name := range re.SubexpNames() {
		if m != nil && name != "" {
			st.captured[name] = m[i]
		}
	}
	return m != nil
}
