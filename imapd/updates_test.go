package imapd

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"letterbox/store"
)

// Several clients change one mailbox at the same time, by number and by uid.
// Each keeps its own picture from what it is told, as clients do: the picture
// never contradicts itself, and in the end all equal what FETCH says.
func TestPicturesOfAMailbox(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.message(t, annaAddress, "INBOX", store.NewMessage{Raw: []byte("Subject: first\r\n\r\n")})
	address, _ := h.serve(t, Config{PlaintextLoopback: true})
	pictures := make([]*picture, 4)
	var playing sync.WaitGroup
	for i := range pictures {
		p := newPicture(t, address, uint64(i))
		pictures[i] = p
		playing.Go(func() {
			for range 120 {
				p.step()
			}
		})
	}
	playing.Wait()
	for _, p := range pictures {
		p.do("NOOP")
		picture := slices.Clone(p.messages)
		p.do("FETCH 1:* (UID FLAGS)")
		for i, m := range p.messages {
			if picture[i].uid != 0 && picture[i].uid != m.uid || picture[i].flags != "" && picture[i].flags != m.flags {
				t.Errorf("message %d was %v, is %v", i+1, picture[i], m)
			}
		}
		if other := pictures[0]; p != other && !slices.Equal(p.uids(), other.uids()) {
			t.Errorf("one sees %v, another %v", p.uids(), other.uids())
		}
		_ = p.conn.Close()
	}
}

// A picture is what a client knows of the selected mailbox.
type picture struct {
	t        *testing.T
	conn     net.Conn
	r        *bufio.Reader
	random   *rand.Rand
	messages []pictured // by sequence number - 1
}

// A pictured message has what was told of it: uid 0 and no flags until then.
type pictured struct {
	uid   int
	flags string
}

func newPicture(t *testing.T, address string, seed uint64) *picture {
	conn, err := net.Dial("tcp", address)
	check(t, err)
	p := &picture{t: t, conn: conn, r: bufio.NewReader(conn), random: rand.New(rand.NewPCG(seed, 0))}
	p.do(fmt.Sprintf("LOGIN %s %q", annaAddress, annaPassword))
	p.do("SELECT INBOX")
	return p
}

func (p *picture) uids() []int {
	var uids []int
	for _, m := range p.messages {
		uids = append(uids, m.uid)
	}
	return uids
}

// highest is the highest uid that is known.
func (p *picture) highest() int {
	highest := 0
	for _, m := range p.messages {
		highest = max(highest, m.uid)
	}
	return highest
}

// step sends one command at random.
func (p *picture) step() {
	n := len(p.messages)
	any := func() int { return 1 + p.random.IntN(max(n, 1)) }
	anyUID := func() int { return 1 + p.random.IntN(p.highest()+3) }
	sign := []string{"+", "-", ""}[p.random.IntN(3)]
	flag := []string{`\Deleted`, `\Flagged`, `\Seen`, "$Todo"}[p.random.IntN(4)]
	switch p.random.IntN(9) {
	case 0:
		p.do("NOOP")
	case 1, 2:
		p.append(1 + p.random.IntN(3))
	case 3:
		p.do("EXPUNGE")
	case 4:
		p.do(fmt.Sprintf("UID EXPUNGE %d:*", anyUID()))
	case 5:
		if n > 0 {
			p.do(fmt.Sprintf("STORE %d:%d %sFLAGS (%s)", any(), any(), sign, flag))
		}
	case 6:
		first, last := anyUID(), anyUID()
		p.forgetFlags(min(first, last), max(first, last))
		p.do(fmt.Sprintf("UID STORE %d:%d %sFLAGS.SILENT (%s)", first, last, sign, flag))
	case 7:
		if n > 0 {
			p.do(fmt.Sprintf("FETCH %d:%d (UID FLAGS)", any(), any()))
		}
	case 8:
		p.do("IDLE")
	}
}

// forgetFlags forgets the flags of messages that the client is about to change
// in silence.
func (p *picture) forgetFlags(first, last int) {
	for i, m := range p.messages {
		if m.uid == 0 || first <= m.uid && m.uid <= last {
			p.messages[i].flags = ""
		}
	}
}

func (p *picture) append(n int) {
	const message = "Subject: hello\r\n\r\nHello.\r\n"
	line := "APPEND INBOX"
	for range n {
		line += fmt.Sprintf(" {%d+}\r\n%s", len(message), message)
	}
	p.do(line)
}

// do sends a command and takes in what is told until its reply, which is never
// BAD.
func (p *picture) do(command string) {
	_ = p.conn.SetDeadline(time.Now().Add(patience))
	if _, err := fmt.Fprintf(p.conn, "a %s\r\n", command); err != nil {
		p.t.Error(err)
		return
	}
	for {
		line, err := p.r.ReadString('\n')
		switch {
		case err != nil || strings.HasPrefix(line, "a BAD"):
			p.t.Errorf("%.40s: %q, %v", command, line, err)
			return
		case strings.HasPrefix(line, "a "):
			return
		case strings.HasPrefix(line, "+ "):
			_, _ = p.conn.Write([]byte("DONE\r\n"))
		default:
			p.hear(command, line)
		}
	}
}

var told = regexp.MustCompile(`^\* (\d+) (EXISTS|EXPUNGE|FETCH)(?: \((.*)\))?\r\n`)

func (p *picture) hear(command, line string) {
	m := told.FindStringSubmatch(line)
	if m == nil {
		return
	}
	n, _ := strconv.Atoi(m[1])
	switch {
	case m[2] == "EXISTS":
		if n < len(p.messages) {
			p.t.Errorf("%s: %d messages become %d", command, len(p.messages), n)
			return
		}
		p.messages = append(p.messages, make([]pictured, n-len(p.messages))...)
	case n < 1 || n > len(p.messages):
		p.t.Errorf("%s: %q with %d messages", command, line, len(p.messages))
	case m[2] == "EXPUNGE":
		if verb, _, _ := strings.Cut(command, " "); verb == "FETCH" || verb == "STORE" {
			p.t.Errorf("%s: told %q", command, line)
		}
		p.messages = slices.Delete(p.messages, n-1, n)
	case m[2] == "FETCH":
		p.fetched(command, &p.messages[n-1], m[3])
	}
}

var (
	toldUID   = regexp.MustCompile(`UID (\d+)`)
	toldFlags = regexp.MustCompile(`FLAGS \((.*?)\)`)
)

func (p *picture) fetched(command string, m *pictured, items string) {
	if uid := toldUID.FindStringSubmatch(items); uid != nil {
		n, _ := strconv.Atoi(uid[1])
		if m.uid != 0 && m.uid != n {
			p.t.Errorf("%s: uid %d becomes %d", command, m.uid, n)
		}
		m.uid = n
	}
	if flags := toldFlags.FindStringSubmatch(items); flags != nil {
		m.flags = flags[0]
	}
}
