package smtpd

import (
	"encoding/base64"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"letterbox/internal/dialogue"
	"letterbox/store"
)

// The dialogues in testdata/dialogues are played against a real server: see package
// dialogue, to whose lines are added
//
//	A>file hello.eml               A sends the message, dots doubled, and the line that ends it
//	A>chunk hello.eml LAST         A sends BDAT with its size, what follows, and the message
//	A<.. 250                       A receives a reply of any lines with this code
//
// and to its directives
//
//	server KEY=VALUE ...           before the first connection: see setOption
//	user ADDRESS PASSWORD          a user; anna@example.org with "tulips in may" and
//	                               ben@example.org with "roses in june" are there already
//	alias ADDRESS TARGET           the alias of that address leads there as well
//	team ADDRESS [USER RIGHTS]     a team; a member of it, with rights by their letters
//	mailbox ADDRESS NAME           a folder
//	quota ADDRESS BYTES            what the user may have
//	connect A DOOR [from IP]       to mx, submission or submissions; the greeting is read
//	refused DOOR IP                a connection from there is turned away
//	ehlo A                         EHLO, its reply is read
//	sign-in A [ADDRESS PASSWORD]   connect to submissions, EHLO, AUTH PLAIN; anna without more
//	starttls A                     STARTTLS, its reply, and the client's half of the handshake
//	restart                        the server drains; the next connection starts it again
//	has ADDRESS MAILBOX FILE ...   these messages lie there, in this order, and no others
//	trace ADDRESS LINE             the lines that delivery wrote before the user's last message
//	                               in INBOX, unfolded, have one that is this
//	queued ...                     these wait to leave: words SENDER:RECIPIENT, and no others

func TestDialogues(t *testing.T) {
	t.Parallel()
	dialogue.Play(t, filepath.Join("testdata", "dialogues", "*.txtar"), func(s *dialogue.Stage) dialogue.Words {
		return (&stage{Stage: s, house: newHouse(s.T)}).words()
	})
}

// newStage is an empty stage, for a test that plays lines of its own.
func newStage(t *testing.T, h *house) *stage {
	st := &stage{house: h}
	st.Stage = dialogue.New(t, func(*dialogue.Stage) dialogue.Words { return st.words() })
	return st
}

// A stage is what a dialogue is played on.
type stage struct {
	*dialogue.Stage
	cfg   Config
	house *house
}

// words are what SMTP adds to the language of dialogues.
func (st *stage) words() dialogue.Words {
	return dialogue.Words{
		Verbs: map[string]func(a *dialogue.Actor, text string){
			">file":  func(a *dialogue.Actor, name string) { st.Send(a, dotted(string(st.File(name)))) },
			">chunk": st.sendChunk,
			"<..":    st.receiveReply,
		},
		Directives: map[string]func(args []string){
			"server":   st.configure,
			"user":     func(args []string) { st.house.user(st.T, args[0], args[1]) },
			"alias":    st.addAlias,
			"team":     st.makeTeam,
			"mailbox":  st.makeMailbox,
			"quota":    st.setQuota,
			"connect":  st.connect,
			"refused":  st.refused,
			"ehlo":     func(args []string) { st.ehlo(st.Actors[args[0]]) },
			"sign-in":  st.signIn,
			"starttls": st.startTLS,
			"restart":  func([]string) { st.house.stop() },
			"has":      st.has,
			"trace":    st.trace,
			"queued":   st.queued,
		},
	}
}

// dotted is a message as DATA sends it.
func dotted(raw string) string {
	if strings.HasPrefix(raw, ".") {
		raw = "." + raw
	}
	return strings.ReplaceAll(raw, "\r\n.", "\r\n..") + ".\r\n"
}

func (st *stage) sendChunk(a *dialogue.Actor, text string) {
	name, more, _ := strings.Cut(text, " ")
	command := strings.TrimRight(fmt.Sprintf("BDAT %d %s", len(st.File(name)), more), " ")
	st.Send(a, command+"\r\n"+string(st.File(name)))
}

func (st *stage) receiveReply(a *dialogue.Actor, code string) {
	for {
		line := st.Receive(a)
		if strings.HasPrefix(line, code+" ") {
			return
		}
		if !strings.HasPrefix(line, code+"-") {
			st.Fatalf("got %q", line)
		}
	}
}

func (st *stage) configure(args []string) {
	for _, arg := range args {
		key, value, _ := strings.Cut(arg, "=")
		if err := setOption(&st.cfg, key, value); err != nil {
			st.Fatalf("%v", err)
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
	st.Check(st.house.directory.AddAlias(st.T.Context(), args[0], args[1]))
}

func (st *stage) makeTeam(args []string) {
	ctx, h := st.T.Context(), st.house
	if len(args) == 1 {
		team, err := h.directory.AddTeam(ctx, args[0], "")
		st.Check(err)
		st.Check(h.store.EnsureAccount(ctx, store.AccountID(team.ID)))
		return
	}
	rights, err := store.ParseRights(args[2])
	st.Check(err)
	st.Check(h.store.SetMember(ctx, h.account(st.T, args[0]), h.account(st.T, args[1]), rights))
}

func (st *stage) makeMailbox(args []string) {
	_, err := st.house.store.CreateMailbox(st.T.Context(), st.house.account(st.T, args[0]), args[1], "")
	st.Check(err)
}

func (st *stage) setQuota(args []string) {
	bytes, err := strconv.ParseInt(args[1], 10, 64)
	st.Check(err)
	st.house.limit(st.T, args[0], bytes)
}

func (st *stage) connect(args []string) {
	from := "127.0.0.1"
	if len(args) > 3 && args[2] == "from" {
		from = args[3]
	}
	a := st.dial(args[1], from)
	st.Actors[args[0]] = a
	if args[1] == "submissions" {
		st.Handshake(a)
	}
	if greeting := st.Receive(a); greeting != "220 mx.example.org ESMTP Letterbox" {
		st.Fatalf("got %q", greeting)
	}
}

func (st *stage) dial(door, from string) *dialogue.Actor {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: dialogue.Patience}
	conn, err := dialer.Dial("tcp", st.house.serve(st.T, st.cfg)[door])
	st.Check(err)
	return dialogue.NewActor(conn)
}

func (st *stage) refused(args []string) {
	a := st.dial(args[0], args[1])
	defer a.Conn.Close()
	if got := st.Receive(a); got != "421 4.7.0 too many connections; try again later" {
		st.Fatalf("got %q", got)
	}
}

func (st *stage) ehlo(a *dialogue.Actor) {
	st.Send(a, "EHLO client.example.net\r\n")
	st.receiveReply(a, "250")
}

func (st *stage) startTLS(args []string) {
	a := st.Actors[args[0]]
	st.Send(a, "STARTTLS\r\n")
	st.receiveReply(a, "220")
	st.Handshake(a)
}

func (st *stage) signIn(args []string) {
	address, password := annaAddress, annaPassword
	if len(args) > 1 {
		address, password = args[1], args[2]
	}
	st.connect([]string{args[0], "submissions"})
	a := st.Actors[args[0]]
	st.ehlo(a)
	st.Send(a, "AUTH PLAIN "+base64.StdEncoding.EncodeToString([]byte("\x00"+address+"\x00"+password))+"\r\n")
	st.receiveReply(a, "235")
}

func (st *stage) has(args []string) {
	got := st.house.messages(st.T, args[0], args[1])
	if len(got) != len(args)-2 {
		st.Fatalf("there are %d: %q", len(got), got)
	}
	for i, name := range args[2:] {
		if body(got[i]) != string(st.File(name)) {
			st.Fatalf("message %d is %q", i+1, got[i])
		}
	}
}

func (st *stage) trace(args []string) {
	all := st.house.messages(st.T, args[0], "INBOX")
	if len(all) == 0 {
		st.Fatalf("there is no message")
	}
	last := all[len(all)-1]
	trace := strings.ReplaceAll(strings.TrimSuffix(last, body(last)), "\r\n\t", " ")
	if !slices.ContainsFunc(strings.Split(trace, "\r\n"), func(line string) bool { return st.Match(args[1], line) }) {
		st.Fatalf("the lines are\n%s", trace)
	}
}

func (st *stage) queued(args []string) {
	if got := st.house.queued(st.T); !slices.Equal(got, args) {
		st.Fatalf("there are %q", got)
	}
}
