// Package dialogue plays, for tests, written conversations with a server over real
// sockets.
//
// A file is a txtar archive: the comment says what it shows, the section "dialogue"
// is played line by line, every other section is a message (its line ends become
// CRLF). A line of the dialogue is one of
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
//	handshake A                   the client's half of a TLS handshake
//	close A
//	skip A N                      A receives N lines, whatever they are
//	until A TEXT                  A receives lines up to one that begins so
//	repeat N ... end              plays the lines between N times; {{$n}} counts from 1
//
// or what the protocol adds to these. In expected lines {{regexp}} matches,
// {{name=regexp}} matches and is remembered, and {{$name}} stands for what was
// remembered, also in lines sent, where {{b64 "Go string"}} is that in base64. A
// name with a space is quoted with single quotes in directives.
package dialogue

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"maps"
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

// Patience is how long anything may take to arrive.
const Patience = 20 * time.Second

// Words are what a protocol adds to the language of dialogues, or says anew.
type Words struct {
	Verbs      map[string]func(a *Actor, text string) // such as ">file"
	Directives map[string]func(args []string)
}

// A Stage is what one dialogue is played on. It belongs to the test's goroutine.
type Stage struct {
	T      *testing.T
	Actors map[string]*Actor
	Files  map[string][]byte

	where    string // file:line being played
	captured map[string]string
	words    Words
}

// An Actor is one connection of a client.
type Actor struct {
	Conn net.Conn
	R    *bufio.Reader
}

// NewActor is the client's side of a connection.
func NewActor(conn net.Conn) *Actor { return &Actor{conn, bufio.NewReader(conn)} }

// Play plays the files that the pattern fits, each as a test of its own in
// parallel. setUp makes a server for one of them and says what its protocol adds.
func Play(t *testing.T, pattern string, setUp func(*Stage) Words) {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no dialogues: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			playFile(t, file, setUp)
		})
	}
}

func playFile(t *testing.T, file string, setUp func(*Stage) Words) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	st := New(t, setUp)
	var script []byte
	for _, f := range archive.Files {
		if f.Name == "dialogue" {
			script = f.Data
			continue
		}
		st.Files[f.Name] = bytes.ReplaceAll(f.Data, []byte("\n"), []byte("\r\n"))
	}
	lines := strings.Split(string(script), "\n")
	for i := 0; i < len(lines); {
		st.where = fmt.Sprintf("%s: dialogue line %d: %s", filepath.Base(file), i+1, lines[i])
		i += st.play(lines[i:])
	}
}

// New is an empty stage, for tests that play lines of their own. Connections that
// are open at the end of the test are closed.
func New(t *testing.T, setUp func(*Stage) Words) *Stage {
	st := &Stage{T: t, Actors: map[string]*Actor{}, Files: map[string][]byte{}, captured: map[string]string{}}
	own := setUp(st)
	st.words = Words{Verbs: st.verbs(), Directives: st.directives()}
	maps.Copy(st.words.Verbs, own.Verbs)
	maps.Copy(st.words.Directives, own.Directives)
	t.Cleanup(func() {
		for _, a := range st.Actors {
			_ = a.Conn.Close()
		}
	})
	return st
}

// Fatalf ends the test and says which line was played.
func (st *Stage) Fatalf(format string, args ...any) {
	st.T.Helper()
	st.T.Fatalf("%s\n\t%s", st.where, fmt.Sprintf(format, args...))
}

// Check ends the test if there is an error.
func (st *Stage) Check(err error) {
	if err != nil {
		st.T.Helper()
		st.Fatalf("%v", err)
	}
}

// Line plays one line that needs no neighbours.
func (st *Stage) Line(line string) {
	st.where = line
	st.play([]string{line})
}

var lineForm = regexp.MustCompile(`^([A-Z])([<>]\S*)(?: (.*))?$`)

// play plays the first of the lines, or several that belong together, and returns
// how many.
func (st *Stage) play(lines []string) int {
	line := strings.TrimRight(lines[0], "\r")
	if line == "" || strings.HasPrefix(line, "#") {
		return 1
	}
	if times, ok := strings.CutPrefix(line, "repeat "); ok {
		return st.repeat(int(st.Number(times)), lines)
	}
	m := lineForm.FindStringSubmatch(line)
	if m == nil {
		st.direct(split(st.insert(line)))
		return 1
	}
	a := st.Actor(m[1])
	if m[2] == "<~" {
		return st.receiveAny(a, m[1]+"<~ ", lines)
	}
	verb := st.words.Verbs[m[2]]
	if verb == nil {
		st.Fatalf("nothing is called %s", m[2])
	}
	verb(a, m[3])
	return 1
}

// repeat plays what stands up to "end" several times.
func (st *Stage) repeat(times int, lines []string) int {
	end := slices.Index(lines, "end")
	if end < 0 {
		st.Fatalf("no end")
	}
	for n := range times {
		st.captured["n"] = strconv.Itoa(n + 1)
		for i := 1; i < end; {
			i += st.play(lines[i:end])
		}
	}
	return end + 1
}

func (st *Stage) direct(words []string) {
	fn := st.words.Directives[words[0]]
	if fn == nil {
		st.Fatalf("no such directive")
	}
	fn(words[1:])
}

// split splits at spaces outside of single quotes.
func split(line string) []string {
	var words []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			words = append(words, part)
			continue
		}
		words = append(words, strings.Fields(part)...)
	}
	return words
}

func (st *Stage) directives() map[string]func(args []string) {
	return map[string]func(args []string){
		"handshake": func(args []string) { st.Handshake(st.Actor(args[0])) },
		"close":     func(args []string) { _ = st.Actor(args[0]).Conn.Close() },
		"skip": func(args []string) {
			for range st.Number(args[1]) {
				st.Receive(st.Actor(args[0]))
			}
		},
		"until": func(args []string) {
			for !strings.HasPrefix(st.Receive(st.Actor(args[0])), args[1]) {
			}
		},
	}
}

// Actor is the connection of that name.
func (st *Stage) Actor(name string) *Actor {
	a := st.Actors[name]
	if a == nil {
		st.Fatalf("%s is not connected", name)
	}
	return a
}

// File is the message in the section of that name.
func (st *Stage) File(name string) []byte {
	data, ok := st.Files[name]
	if !ok {
		st.Fatalf("no section %s", name)
	}
	return data
}

// Number reads an argument.
func (st *Stage) Number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	st.Check(err)
	return n
}

// Handshake is the client's half of a TLS handshake; the certificate is not looked
// at.
func (st *Stage) Handshake(a *Actor) {
	conn := tls.Client(a.Conn, &tls.Config{InsecureSkipVerify: true})
	_ = conn.SetDeadline(time.Now().Add(Patience))
	st.Check(conn.Handshake())
	a.Conn, a.R = conn, bufio.NewReader(conn)
}

func (st *Stage) verbs() map[string]func(a *Actor, text string) {
	return map[string]func(a *Actor, text string){
		">":     func(a *Actor, text string) { st.Send(a, st.insert(text)+"\r\n") },
		">>":    func(a *Actor, text string) { st.Send(a, st.unquote(st.insert(text))) },
		">file": func(a *Actor, name string) { st.Send(a, string(st.File(name))) },
		"<":     st.expect,
		"<file": func(a *Actor, name string) { st.receiveFile(a, st.File(name)) },
		"<end":  func(a *Actor, _ string) { st.expectEnd(a) },
	}
}

// Send sends exactly this.
func (st *Stage) Send(a *Actor, data string) {
	_ = a.Conn.SetDeadline(time.Now().Add(Patience))
	if _, err := io.WriteString(a.Conn, data); err != nil {
		st.Fatalf("write: %v", err)
	}
}

// Receive receives a line and returns it without CRLF.
func (st *Stage) Receive(a *Actor) string {
	_ = a.Conn.SetDeadline(time.Now().Add(Patience))
	line, err := a.R.ReadString('\n')
	if err != nil {
		st.Fatalf("read: %v after %q", err, line)
	}
	text, ok := strings.CutSuffix(line, "\r\n")
	if !ok {
		st.Fatalf("line without CRLF: %q", line)
	}
	return text
}

func (st *Stage) expect(a *Actor, pattern string) {
	if got := st.Receive(a); !st.Match(pattern, got) {
		st.Fatalf("got %q", got)
	}
}

func (st *Stage) expectEnd(a *Actor) {
	_ = a.Conn.SetDeadline(time.Now().Add(Patience))
	b, err := a.R.ReadByte()
	if err == nil {
		rest, _ := a.R.ReadString('\n')
		st.Fatalf("got %q", string(b)+rest)
	}
	if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
		st.Fatalf("the connection is open")
	}
}

func (st *Stage) receiveFile(a *Actor, want []byte) {
	_ = a.Conn.SetDeadline(time.Now().Add(Patience))
	got := make([]byte, len(want))
	if n, err := io.ReadFull(a.R, got); err != nil {
		st.Fatalf("read: %v after %q", err, got[:n])
	}
	if !bytes.Equal(got, want) {
		st.Fatalf("got %q", got)
	}
}

// receiveAny receives as many lines as there are neighbours with the prefix.
func (st *Stage) receiveAny(a *Actor, prefix string, lines []string) int {
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
		got := st.Receive(a)
		found := slices.IndexFunc(want, func(pattern string) bool { return st.Match(pattern, got) })
		if found < 0 {
			st.Fatalf("got %q, which is none of\n\t%s", got, strings.Join(want, "\n\t"))
		}
		want = slices.Delete(want, found, found+1)
	}
	return n
}
