package smtpd

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"fmt"
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
//	# anything                     a comment; empty lines count for nothing
//	A> NOOP                        connection A sends this and CRLF
//	A>> "NOOP\r\nNOOP\r\n"         A sends exactly this, in one packet (Go string)
//	A>file hello.eml               A sends the message, dots doubled, and the line that ends it
//	A>chunk hello.eml LAST         A sends BDAT with its size, what follows, and the message
//	A< 250 2.0.0 {{.*}}            A receives this line
//	A<.. 250                       A receives a reply of any lines with this code
//	A<end                          the server has closed A
//
// or a directive:
//
//	server KEY=VALUE ...           before the first connection: see setOption
//	user ADDRESS PASSWORD          a user; anna@example.org with "tulips in may" and
//	                               ben@example.org with "roses in june" are there already
//	alias ADDRESS TARGET           the alias of that address leads there as well
//	mailbox ADDRESS NAME           a folder
//	quota ADDRESS BYTES            what the user may have
//	connect A DOOR [from IP]       to mx, submission or submissions; the greeting is read
//	refused DOOR IP                a connection from there is turned away
//	ehlo A                         EHLO, its reply is read
//	sign-in A [ADDRESS PASSWORD]   connect to submissions, EHLO, AUTH PLAIN; anna without more
//	starttls A                     STARTTLS, its reply, and the client's half of the handshake
//	handshake A                    the client's half of the handshake alone
//	close A
//	restart                        the server drains; the next connection starts it again
//	has ADDRESS MAILBOX FILE ...   these messages lie there, in this order, and no others
//	trace ADDRESS LINE             the lines that delivery wrote before the user's last message
//	                               in INBOX, unfolded, have one that is this
//	queued ...                     these wait to leave: words SENDER:RECIPIENT, and no others
//
// In expected lines {{regexp}} matches. In sent lines {{b64 "Go string"}} is
// that in base64. A name with a space is quoted with single quotes in directives.

const patience = 20 * time.Second // for anything to arrive

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
	t      *testing.T
	where  string // file:line being played
	cfg    Config
	house  *house
	files  map[string]string
	actors map[string]*actor
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
	st := &stage{t: t, files: map[string]string{}, actors: map[string]*actor{}}
	var script []byte
	for _, f := range archive.Files {
		if f.Name == "dialogue" {
			script = f.Data
			continue
		}
		st.files[f.Name] = string(bytes.ReplaceAll(f.Data, []byte("\n"), []byte("\r\n")))
	}
	st.house = newHouse(t)
	defer st.leave()
	for i, line := range strings.Split(string(script), "\n") {
		st.where = fmt.Sprintf("%s: dialogue line %d: %s", filepath.Base(file), i+1, line)
		st.play(line)
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

var dialogueLine = regexp.MustCompile(`^([A-Z])(>>|>file|>chunk|>|<\.\.|<end|<)(?: (.*))?$`)

func (st *stage) play(line string) {
	if line == "" || strings.HasPrefix(line, "#") {
		return
	}
	m := dialogueLine.FindStringSubmatch(line)
	if m == nil {
		st.direct(splitDirective(line))
		return
	}
	a, text := st.actors[m[1]], m[3]
	if a == nil {
		st.fatalf("%s is not connected", m[1])
	}
	switch m[2] {
	case ">":
		st.send(a, st.insert(text)+"\r\n")
	case ">>":
		raw, err := strconv.Unquote(text)
		if err != nil {
			st.fatalf("not a Go string: %v", err)
		}
		st.send(a, raw)
	case ">file":
		st.send(a, dotted(st.file(text)))
	case ">chunk":
		name, more, _ := strings.Cut(text, " ")
		st.send(a, strings.TrimRight(fmt.Sprintf("BDAT %d %s", len(st.file(name)), more), " ")+"\r\n"+st.file(name))
	case "<":
		if got := st.receive(a); !st.match(text, got) {
			st.fatalf("got %q", got)
		}
	case "<..":
		st.receiveReply(a, text)
	case "<end":
		if b, err := a.r.ReadByte(); err == nil {
			rest, _ := a.r.ReadString('\n')
			st.fatalf("got %q", string(b)+rest)
		}
	}
}

// dotted is a message as DATA sends it.
func dotted(raw string) string {
	if strings.HasPrefix(raw, ".") {
		raw = "." + raw
	}
	return strings.ReplaceAll(raw, "\r\n.", "\r\n..") + ".\r\n"
}

func (st *stage) file(name string) string {
	data, ok := st.files[name]
	if !ok {
		st.fatalf("no section %s", name)
	}
	return data
}

func (st *stage) send(a *actor, data string) {
	_ = a.conn.SetDeadline(time.Now().Add(patience))
	if _, err := a.conn.Write([]byte(data)); err != nil {
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

func (st *stage) receiveReply(a *actor, code string) {
	for {
		line := st.receive(a)
		if strings.HasPrefix(line, code+" ") {
			return
		}
		if !strings.HasPrefix(line, code+"-") {
			st.fatalf("got %q", line)
		}
	}
}

var (
	dialoguePart   = regexp.MustCompile(`\{\{.*?\}\}`)
	dialogueBase64 = regexp.MustCompile(`\{\{b64 (".*?")\}\}`)
)

// insert replaces {{b64 "..."}}.
func (st *stage) insert(text string) string {
	return dialogueBase64.ReplaceAllStringFunc(text, func(part string) string {
		raw, err := strconv.Unquote(dialogueBase64.FindStringSubmatch(part)[1])
		if err != nil {
			st.fatalf("not a Go string: %v", err)
		}
		return base64.StdEncoding.EncodeToString([]byte(raw))
	})
}

// match compares a line with a pattern.
func (st *stage) match(pattern, line string) bool {
	var expr strings.Builder
	rest := st.insert(pattern)
	for {
		at := dialoguePart.FindStringIndex(rest)
		if at == nil {
			break
		}
		expr.WriteString(regexp.QuoteMeta(rest[:at[0]]) + "(?:" + rest[at[0]+2:at[1]-2] + ")")
		rest = rest[at[1]:]
	}
	re, err := regexp.Compile("^" + expr.String() + regexp.QuoteMeta(rest) + "$")
	if err != nil {
		st.fatalf("pattern: %v", err)
	}
	return re.MatchString(line)
}

// splitDirective splits at spaces outside of single quotes.
func splitDirective(line string) []string {
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

// direct carries out a directive.
func (st *stage) direct(words []string) {
	directives := map[string]func(args []string){
		"server":    st.configure,
		"user":      func(args []string) { st.house.user(st.t, args[0], args[1]) },
		"alias":     st.addAlias,
		"mailbox":   st.makeMailbox,
		"quota":     st.setQuota,
		"connect":   st.connect,
		"refused":   st.refused,
		"ehlo":      func(args []string) { st.ehlo(st.actors[args[0]]) },
		"sign-in":   st.signIn,
		"starttls":  st.startTLS,
		"handshake": func(args []string) { st.handshake(st.actors[args[0]]) },
		"close":     func(args []string) { _ = st.actors[args[0]].conn.Close() },
		"restart":   func([]string) { st.house.stop() },
		"has":       st.has,
		"trace":     st.trace,
		"queued":    st.queued,
	}
	fn := directives[words[0]]
	if fn == nil {
		st.fatalf("no such directive")
	}
	fn(words[1:])
}

func (st *stage) configure(args []string) {
	for _, arg := range args {
		key, value, _ := strings.Cut(arg, "=")
		if err := setOption(&st.cfg, key, value); err != nil {
			st.fatalf("%v", err)
		}
	}
}

// setOption sets one option of a Config from its text.
func setOption(cfg *Config, key, value string) error {
	number, _ := strconv.Atoi(value)
	duration, _ := time.ParseDuration(value)
	switch key {
	case "connections":
		cfg.Limits.Connections = number
	case "per-address":
		cfg.Limits.PerAddress = number
	case "recipients":
		cfg.Limits.Recipients = number
	case "message":
		cfg.Limits.Message = int64(number)
	case "mistakes":
		cfg.Limits.Mistakes = number
	case "idle":
		cfg.Limits.Idle = number
	case "broken":
		cfg.Timeouts.Broken = duration
	case "plaintext":
		cfg.PlaintextLoopback = value == "yes"
	default:
		return fmt.Errorf("no such option: %s", key)
	}
	return nil
}

func (st *stage) addAlias(args []string) {
	if err := st.house.directory.AddAlias(st.t.Context(), args[0], args[1]); err != nil {
		st.fatalf("%v", err)
	}
}

func (st *stage) makeMailbox(args []string) {
	if _, err := st.house.store.CreateMailbox(st.t.Context(), st.house.account(st.t, args[0]), args[1], ""); err != nil {
		st.fatalf("%v", err)
	}
}

func (st *stage) setQuota(args []string) {
	bytes, err := strconv.ParseInt(args[1], 10, 64)
	if err != nil {
		st.fatalf("%v", err)
	}
	st.house.limit(st.t, args[0], bytes)
}

func (st *stage) connect(args []string) {
	from := "127.0.0.1"
	if len(args) > 3 && args[2] == "from" {
		from = args[3]
	}
	a := st.dial(args[1], from)
	st.actors[args[0]] = a
	if args[1] == "submissions" {
		st.handshake(a)
	}
	if greeting := st.receive(a); greeting != "220 mx.example.org ESMTP Letterbox" {
		st.fatalf("got %q", greeting)
	}
}

func (st *stage) dial(door, from string) *actor {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: patience}
	conn, err := dialer.Dial("tcp", st.house.serve(st.t, st.cfg)[door])
	if err != nil {
		st.fatalf("%v", err)
	}
	return &actor{conn, bufio.NewReader(conn)}
}

func (st *stage) refused(args []string) {
	a := st.dial(args[0], args[1])
	defer a.conn.Close()
	if got := st.receive(a); got != "421 4.7.0 too many connections; try again later" {
		st.fatalf("got %q", got)
	}
}

func (st *stage) ehlo(a *actor) {
	st.send(a, "EHLO client.example.net\r\n")
	st.receiveReply(a, "250")
}

func (st *stage) startTLS(args []string) {
	a := st.actors[args[0]]
	st.send(a, "STARTTLS\r\n")
	st.receiveReply(a, "220")
	st.handshake(a)
}

func (st *stage) handshake(a *actor) {
	conn := tls.Client(a.conn, &tls.Config{InsecureSkipVerify: true})
	_ = conn.SetDeadline(time.Now().Add(patience))
	if err := conn.Handshake(); err != nil {
		st.fatalf("%v", err)
	}
	a.conn, a.r = conn, bufio.NewReader(conn)
}

func (st *stage) signIn(args []string) {
	address, password := annaAddress, annaPassword
	if len(args) > 1 {
		address, password = args[1], args[2]
	}
	st.connect([]string{args[0], "submissions"})
	a := st.actors[args[0]]
	st.ehlo(a)
	st.send(a, "AUTH PLAIN "+base64.StdEncoding.EncodeToString([]byte("\x00"+address+"\x00"+password))+"\r\n")
	st.receiveReply(a, "235")
}

func (st *stage) has(args []string) {
	got := st.house.messages(st.t, args[0], args[1])
	if len(got) != len(args)-2 {
		st.fatalf("there are %d: %q", len(got), got)
	}
	for i, name := range args[2:] {
		if body(got[i]) != st.file(name) {
			st.fatalf("message %d is %q", i+1, got[i])
		}
	}
}

func (st *stage) trace(args []string) {
	all := st.house.messages(st.t, args[0], "INBOX")
	if len(all) == 0 {
		st.fatalf("there is no message")
	}
	last := all[len(all)-1]
	trace := strings.ReplaceAll(strings.TrimSuffix(last, body(last)), "\r\n\t", " ")
	if !slices.ContainsFunc(strings.Split(trace, "\r\n"), func(line string) bool { return st.match(args[1], line) }) {
		st.fatalf("the lines are\n%s", trace)
	}
}

func (st *stage) queued(args []string) {
	if got := st.house.queued(st.t); !slices.Equal(got, args) {
		st.fatalf("there are %q", got)
	}
}
