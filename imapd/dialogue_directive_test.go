package imapd

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/directory"
	"letterbox/internal/dialogue"
	"letterbox/quota"
	"letterbox/store"
)

// directives are what IMAP adds to the language of dialogues.
func (st *stage) directives() map[string]func(args []string) {
	return map[string]func(args []string){
		"server":       st.configure,
		"user":         func(args []string) { st.house.user(st.T, args[0], args[1]) },
		"role":         st.setRole,
		"team":         st.makeTeam,
		"own-seen":     st.ownSeen,
		"grant":        st.grant,
		"remove":       st.remove,
		"limit":        st.setLimit,
		"box-limit":    st.setMailboxLimit,
		"append-limit": st.setAppendLimit,
		"mailbox":      st.makeMailbox,
		"message":      st.addMessage,
		"connect":      st.connect,
		"sign-in":      st.signIn,
		"select":       func(args []string) { st.open("SELECT", args) },
		"examine":      func(args []string) { st.open("EXAMINE", args) },
		"starttls":     func(args []string) { st.Handshake(st.Actor(args[0])) },
		"compress":     func(args []string) { st.compress(args[0]) },
		"capabilities": st.setCapabilities,
		"uncompress":   func(args []string) { st.uncompress(args[0]) },
		"restart":      func([]string) { st.house.stop() },
		"clock":        st.passTime,
		"finding":      st.expectFinding,
		"no":           st.expectNoFinding,
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
	case "append-limit":
		cfg.AppendLimit = int64(number)
	case "withheld":
		cfg.Withheld = append(cfg.Withheld, value)
	case "offered":
		word, number, _ := strings.Cut(value, ":")
		if number != "" {
			word += "=" + number
		}
		cfg.Offered = append(cfg.Offered, word)
	case "connections":
		cfg.Limits.Connections = number
	case "per-address":
		cfg.Limits.PerAddress = number
	case "per-user":
		cfg.Limits.PerUser = number
	case "idle":
		cfg.Timeouts.Idle = duration
	case "command":
		cfg.Timeouts.Command = duration
	case "keep-alive":
		cfg.Timeouts.KeepAlive = duration
	case "sign-in":
		cfg.Timeouts.SignIn = duration
	case "plaintext":
		cfg.PlaintextLoopback = value != "no"
	default:
		return fmt.Errorf("no such option: %s", key)
	}
	return nil
}

func (st *stage) setRole(args []string) {
	st.Check(st.house.directory.SetRole(context.Background(), args[0], args[1]))
}

func (st *stage) makeTeam(args []string) {
	ctx := context.Background()
	team, err := st.house.directory.AddTeam(ctx, args[0], "")
	if err == nil {
		err = st.house.store.EnsureAccount(ctx, store.AccountID(team.ID))
	}
	for i := 1; i+1 < len(args) && err == nil; i += 2 {
		var r store.Rights
		if r, err = store.ParseRights(args[i+1]); err == nil {
			err = st.house.store.SetMember(ctx, store.AccountID(team.ID), st.house.account(st.T, args[i]), r)
		}
	}
	st.Check(err)
}

func (st *stage) grant(args []string) {
	who := store.Anyone
	if args[2] != anyone {
		who = st.house.account(st.T, args[2])
	}
	r, err := store.ParseRights(strings.Trim(args[3], "-"))
	if err == nil {
		m := st.house.box(st.T, args[0], args[1])
		err = st.house.store.Grant(context.Background(), m, who, func(store.Rights) store.Rights { return r })
	}
	st.Check(err)
}

func (st *stage) remove(args []string) {
	ctx := context.Background()
	err := st.house.store.RemoveAccount(ctx, st.house.account(st.T, args[0]))
	if err == nil {
		err = st.house.directory.RemoveUser(ctx, args[0])
	}
	st.Check(err)
}

func (st *stage) ownSeen(args []string) {
	st.Check(st.house.store.SetOwnSeen(context.Background(), st.house.account(st.T, args[0]), args[1], true))
}

func (st *stage) setLimit(args []string) {
	limit := quota.Limit{Bytes: st.Number(args[1]), Messages: st.Number(args[2]), Mailboxes: st.Number(args[3])}
	st.Check(st.house.store.SetLimit(context.Background(), st.house.account(st.T, args[0]), limit))
}

func (st *stage) setMailboxLimit(args []string) {
	limit := quota.Limit{Bytes: st.Number(args[2]), Messages: st.Number(args[3])}
	st.Check(st.house.store.SetMailboxLimit(context.Background(), st.house.account(st.T, args[0]), args[1], limit))
}

func (st *stage) setAppendLimit(args []string) {
	st.Check(st.house.store.SetAppendLimit(context.Background(), st.house.account(st.T, args[0]), args[1], st.Number(args[2])))
}

func (st *stage) makeMailbox(args []string) {
	var use imap.MailboxAttr
	if len(args) > 2 {
		use = imap.MailboxAttr(args[2])
	}
	_, err := st.house.store.CreateMailbox(context.Background(), st.house.account(st.T, args[0]), args[1], use)
	st.Check(err)
}

func (st *stage) addMessage(args []string) {
	var flags []imap.Flag
	for _, f := range args[3:] {
		flags = append(flags, imap.Flag(f))
	}
	st.house.message(st.T, args[0], args[1], store.NewMessage{Raw: st.File(args[2]), Flags: flags})
}

func (st *stage) connect(args []string) {
	secure, from := false, "127.0.0.1"
	for i, arg := range args[1:] {
		switch arg {
		case "tls":
			secure = true
		case "from":
			from = args[i+2]
		}
	}
	plain, private := st.house.serve(st.T, st.cfg)
	address := plain
	if secure {
		address = private
	}
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: dialogue.Patience}
	conn, err := dialer.Dial("tcp", address)
	st.Check(err)
	st.Actors[args[0]] = dialogue.NewActor(conn)
	if secure {
		st.Handshake(st.Actors[args[0]])
	}
}

func (st *stage) setCapabilities(args []string) {
	var c directory.Capabilities
	for _, arg := range args[1:] {
		if word, ok := strings.CutPrefix(arg, "-"); ok {
			c.Withheld = append(c.Withheld, word)
		} else {
			c.Offered = append(c.Offered, strings.TrimPrefix(arg, "+"))
		}
	}
	st.Check(st.house.directory.SetCapabilities(context.Background(), args[0], c))
}

func (st *stage) compress(name string) {
	a := st.Actors[name]
	a.Conn = newCompressedConn(a.Conn, a.R)
	a.R = bufio.NewReader(a.Conn)
}

func (st *stage) uncompress(name string) {
	a := st.Actors[name]
	a.Conn = a.Conn.(*compressedConn).Conn
	a.R = bufio.NewReader(a.Conn)
}

func (st *stage) signIn(args []string) {
	address, password := annaAddress, annaPassword
	if len(args) > 1 {
		address, password = args[1], args[2]
	}
	st.connect(args[:1])
	a := st.Actors[args[0]]
	if greeting := st.Receive(a); !strings.HasPrefix(greeting, "* OK ") {
		st.Fatalf("got %q", greeting)
	}
	st.Send(a, "login LOGIN "+address+" \""+password+"\"\r\n")
	if reply := st.Receive(a); !strings.HasPrefix(reply, "login OK ") {
		st.Fatalf("got %q", reply)
	}
}

func (st *stage) open(command string, args []string) {
	if st.Actors[args[0]] == nil {
		st.signIn(args[:1])
	}
	a := st.Actors[args[0]]
	st.Send(a, "open "+command+" \""+args[1]+"\"\r\n")
	for {
		line := st.Receive(a)
		if strings.HasPrefix(line, "open OK ") {
			return
		}
		if !strings.HasPrefix(line, "* ") {
			st.Fatalf("got %q", line)
		}
	}
}
