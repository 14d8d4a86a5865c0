package junk

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	milter "github.com/emersion/go-milter"
)

// A scripted milter decides at one stage, as told.
type scripted struct {
	milter.NoOpMilter
	stage    string
	response milter.Response
	modify   func(*milter.Modifier) error
	heard    *[]string
}

func (s *scripted) at(stage, word string) (milter.Response, error) {
	*s.heard = append(*s.heard, stage+" "+word)
	if s.stage == stage {
		return s.response, nil
	}
	return milter.RespContinue, nil
}

func (s *scripted) Connect(host, family string, _ uint16, addr net.IP, _ *milter.Modifier) (milter.Response, error) {
	return s.at("connect", host+" "+addr.String())
}
func (s *scripted) Helo(name string, _ *milter.Modifier) (milter.Response, error) {
	return s.at("helo", name)
}
func (s *scripted) MailFrom(from string, _ *milter.Modifier) (milter.Response, error) {
	return s.at("mail", from)
}
func (s *scripted) RcptTo(to string, _ *milter.Modifier) (milter.Response, error) {
	return s.at("rcpt", to)
}
func (s *scripted) Header(name, value string, _ *milter.Modifier) (milter.Response, error) {
	return s.at("header", name+": "+value)
}
func (s *scripted) Body(m *milter.Modifier) (milter.Response, error) {
	if s.modify != nil {
		if err := s.modify(m); err != nil {
			return nil, err
		}
	}
	return s.at("body", "")
}

// play starts a milter and asks it.
func play(t *testing.T, s scripted) (e Evidence, heard []string, err error) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	s.heard = &heard
	srv := &milter.Server{
		NewMilter: func() milter.Milter { return &s },
		Actions:   milter.OptAddHeader | milter.OptQuarantine,
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	f := New(Options{Peers: []Peer{&Milter{Socket(ln.Addr().String())}}, Patience: 10 * time.Second})
	e, err = f.Inspect(t.Context(), submission())
	_ = srv.Close()
	<-served
	return e, heard, err
}

func TestMilter(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		s         scripted
		decided   string
		points    float64
		refused   string // text
		temporary bool
	}{
		"accepts":          {scripted{stage: "body", response: milter.RespAccept}, "", 0, "", false},
		"accepts at once":  {scripted{stage: "connect", response: milter.RespAccept}, "", 0, "", false},
		"refuses":          {scripted{stage: "rcpt", response: milter.RespReject}, "", 0, "refuses", false},
		"refuses the body": {scripted{stage: "body", response: milter.RespReject}, "", 0, "refuses", false},
		"asks for later":   {scripted{stage: "body", response: milter.RespTempFail}, "", 0, "later", true},
		"throws away":      {scripted{stage: "body", response: milter.RespDiscard}, ReasonMilter, 0, "", false},
		"has words":        {scripted{stage: "body", response: milter.NewResponseStr('y', "554 5.7.1 no pills here")}, "", 0, "5.7.1 no pills here", false},
		"quarantines": {scripted{stage: "body", response: milter.RespAccept, modify: func(m *milter.Modifier) error {
			return m.Quarantine("smells")
		}}, ReasonMilter, 0, "", false},
		"marks": {scripted{stage: "body", response: milter.RespAccept, modify: func(m *milter.Modifier) error {
			return m.AddHeader("X-Spam-Flag", "YES")
		}}, "", 6, "", false},
		"marks as good": {scripted{stage: "body", response: milter.RespAccept, modify: func(m *milter.Modifier) error {
			return m.AddHeader("X-Spam-Flag", "NO")
		}}, "", 0, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, heard, err := play(t, test.s)
			var refused *RefusedError
			if errors.As(err, &refused) != (test.refused != "") || refused != nil && (!strings.Contains(refused.Text, test.refused) || refused.Temporary != test.temporary) {
				t.Errorf("refused: %v", err)
			}
			points := 0.0
			for _, r := range e.Reasons {
				points += r.Points
				if r.Name == ReasonUnchecked {
					t.Errorf("was not understood: %+v", e)
				}
			}
			if e.Decided != test.decided || points != test.points {
				t.Errorf("%+v", e)
			}
			if test.s.stage == "body" {
				const want = "connect [192.0.2.1] 192.0.2.1; helo a.example; mail carl@example.net; rcpt anna@example.org; rcpt ben@example.org; " +
					"header From: carl@example.net; header Subject: x\r\n y; body "
				if got := strings.Join(heard, "; "); got != want {
					t.Errorf("it heard %q, want %q", got, want)
				}
			}
		})
	}
}

// FuzzMilterAnswers lets a milter say anything at all.
func FuzzMilterAnswers(f *testing.F) {
	negotiated := "\x00\x00\x00\x0dO\x00\x00\x00\x06\x00\x00\x00\x3f\x00\x00\x00\x00"
	f.Add(negotiated + strings.Repeat("\x00\x00\x00\x01c", 8) + "\x00\x00\x00\x01a")
	f.Add(negotiated + "\x00\x00\x00\x01r")
	f.Add(negotiated + strings.Repeat("\x00\x00\x00\x01c", 8) + "\x00\x00\x00\x06qwhy\x00\x00\x00\x00\x01a")
	f.Add(negotiated + "\x00\x00\x00\x08y554 no\x00")
	f.Fuzz(func(t *testing.T, says string) {
		s := submission()
		s.Raw = s.Raw[:60]
		ours, theirs := net.Pipe()
		go io.Copy(io.Discard, theirs)
		go func() {
			_, _ = io.WriteString(theirs, says)
			_ = theirs.Close()
		}()
		defer ours.Close()
		client := milter.NewClientWithOptions("", "", milter.ClientOptions{Dialer: dialed{ours}})
		session, err := client.Session()
		if err != nil {
			return
		}
		changes, action, err := converse(session, s)
		if err != nil {
			return
		}
		if e, err := heed(changes, action); err != nil && e.Decided != "" {
			t.Errorf("%q: %+v, %v", says, e, err)
		}
	})
}
