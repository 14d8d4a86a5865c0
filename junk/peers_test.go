package junk

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"letterbox/internal/zone"
	"letterbox/resolver"
)

func submission() *Submission {
	return &Submission{
		ID: "ID1", Hostname: "mx.example.org", Remote: netip.MustParseAddr("192.0.2.1"), Helo: "a.example",
		Sender: "carl@example.net", Recipients: []string{"anna@example.org", "ben@example.org"},
		Raw: []byte("From: carl@example.net\r\nSubject: x\r\n y\r\n\r\n" + strings.Repeat("All work and no play.\r\n", 20_000)),
	}
}

// listen serves connections, each on a goroutine of its own, until the test ends.
func listen(t testing.TB, serve func(net.Conn)) Socket {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				serve(conn)
			}()
		}
	}()
	return Socket(ln.Addr().String())
}

// How peers fail. Each is tried with every kind of peer.
var failures = map[string]func(net.Conn){
	"hangs":       func(c net.Conn) { _, _ = io.Copy(io.Discard, c) },
	"closes":      func(c net.Conn) {},
	"lies":        func(c net.Conn) { go io.Copy(io.Discard, c); _, _ = io.WriteString(c, "220 I am a mail server\r\n") },
	"is too long": func(c net.Conn) { go io.Copy(io.Discard, c); _, _ = io.CopyN(c, zeros{}, 8<<20) },
	"stops":       func(c net.Conn) { _, _ = io.ReadFull(c, make([]byte, 20)) },
	"answers 500": func(c net.Conn) {
		_, _ = http.ReadRequest(bufio.NewReader(c))
		_, _ = io.WriteString(c, "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")
	},
	"answers half": func(c net.Conn) {
		_, _ = http.ReadRequest(bufio.NewReader(c))
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"action\":")
	},
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// Whatever a peer does or does not do, the message goes on within the filter's
// patience, and tells that it was not checked.
func TestPeersFail(t *testing.T) {
	t.Parallel()
	kinds := map[string]func(Socket) Peer{
		"rspamd": func(s Socket) Peer { return &Rspamd{URL: "http://" + string(s)} },
		"clamd":  func(s Socket) Peer { return &Clamd{Socket: s, Refuse: true} },
		"milter": func(s Socket) Peer { return &Milter{Socket: s} },
	}
	absent := Socket("127.0.0.1:1")
	for kind, peer := range kinds {
		for how, serve := range failures {
			t.Run(kind+" "+how, func(t *testing.T) {
				t.Parallel()
				unchecked(t, peer(listen(t, serve)))
			})
		}
		t.Run(kind+" is not there", func(t *testing.T) {
			t.Parallel()
			unchecked(t, peer(absent))
			unchecked(t, peer(Socket(filepath.Join(t.TempDir(), "nobody"))))
		})
	}
	t.Run("list", func(t *testing.T) {
		t.Parallel()
		z := zone.Serve(t, "")
		z.Fail("1.2.0.192.list.example")
		unchecked(t, &List{"list.example", &resolver.Resolver{Servers: []string{z.Addr}}})
	})
}

func unchecked(t *testing.T, p Peer) {
	t.Helper()
	f := New(Options{Peers: []Peer{p}, Patience: 200 * time.Millisecond})
	e, err := f.Inspect(t.Context(), submission())
	if err != nil || len(e.Reasons) != 1 || e.Reasons[0].Name != ReasonUnchecked || e.Reasons[0].Points != 0 || e.Decided != "" {
		t.Errorf("%s: %+v, %v", p.Name(), e, err)
	}
}

// A peer that failed is left alone for a while, so that it does not hold up every
// message; then it is asked again.
func TestPeersRest(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	s := listen(t, func(c net.Conn) { asked.Add(1) })
	now := time.Now()
	f := New(Options{Peers: []Peer{&Clamd{Socket: s}}, Now: func() time.Time { return now }})
	for range 5 {
		_, err := f.Inspect(t.Context(), submission())
		check(t, err)
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times at once", n)
	}
	now = now.Add(rest + time.Second)
	_, err := f.Inspect(t.Context(), submission())
	check(t, err)
	if n := asked.Load(); n != 2 {
		t.Errorf("asked %d times in all", n)
	}
}

func TestClamd(t *testing.T) {
	t.Parallel()
	want := string(submission().Raw)
	for answer, test := range map[string]struct {
		refuse  bool
		refused bool
		decided string
		checked bool
	}{
		"stream: OK\x00":                                  {true, false, "", true},
		"stream: Eicar-Test-Signature FOUND\x00":          {true, true, "", true},
		"stream: Eicar FOUND\x00":                         {false, false, ReasonVirus, true},
		"INSTREAM size limit exceeded. ERROR\x00":         {true, false, "", false},
		"stream: Can't allocate memory ERROR\x00":         {true, false, "", false},
		"stream: FOUND\x00":                               {true, false, "", false},
		"stream: OK":                                      {true, false, "", true},
		"stream: \x1b[31mNasty\r\n250 accepted FOUND\x00": {true, true, "", true},
	} {
		t.Run(answer, func(t *testing.T) {
			t.Parallel()
			s := listen(t, func(c net.Conn) {
				if got := readStream(c); got != want {
					t.Errorf("clamd got %d bytes, want %d", len(got), len(want))
				}
				_, _ = io.WriteString(c, answer)
			})
			f := New(Options{Peers: []Peer{&Clamd{Socket: s, Refuse: test.refuse}}})
			e, err := f.Inspect(t.Context(), submission())
			var refused *RefusedError
			if errors.As(err, &refused) != test.refused || e.Decided != test.decided {
				t.Errorf("%+v, %v", e, err)
			}
			if refused != nil && (refused.Temporary || strings.ContainsAny(refused.Text, "\r\n\x1b")) {
				t.Errorf("refused with %q", refused.Text)
			}
			if unchecked := len(e.Reasons) > 0 && e.Reasons[0].Name == ReasonUnchecked; unchecked == test.checked {
				t.Errorf("%+v, want checked: %v", e, test.checked)
			}
		})
	}
}

// readStream is the other side of INSTREAM.
func readStream(c net.Conn) string {
	r := bufio.NewReader(c)
	if command, err := r.ReadString(0); err != nil || command != "zINSTREAM\x00" {
		return command
	}
	var all strings.Builder
	for {
		var size uint32
		if err := binary.Read(r, binary.BigEndian, &size); err != nil || size == 0 {
			return all.String()
		}
		if _, err := io.CopyN(&all, r, int64(size)); err != nil {
			return all.String()
		}
	}
}

func TestRspamd(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]struct {
		points float64
		detail string
	}{
		`{"score":1.0,"required_score":15,"action":"no action","symbols":{}}`:                                                       {0.2, "no action, 1.0 of 15.0: "},
		`{"score":-60,"required_score":15,"action":"no action"}`:                                                                    {-3, "no action, -60.0 of 15.0: "},
		`{"score":8,"required_score":15,"action":"add header","symbols":{"A":{"score":1},"BIG":{"score":-5},"C\r\nX":{"score":2}}}`: {6, "add header, 8.0 of 15.0: BIG, C X, A"},
		`{"score":20,"required_score":15,"action":"reject"}`:                                                                        {10, "reject, 20.0 of 15.0: "},
		`{"score":4,"required_score":15,"action":"greylist"}`:                                                                       {1, "greylist, 4.0 of 15.0: "},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			s := submission()
			if err != nil || string(body) != string(s.Raw) || r.URL.Path != "/checkv2" || r.Header.Get("IP") != "192.0.2.1" ||
				len(r.Header.Values("Rcpt")) != 2 || r.Header.Get("From") != s.Sender {
				t.Errorf("rspamd got %d bytes with %v, %v", len(body), r.Header, err)
			}
			_, _ = io.WriteString(w, answer)
		}))
		e, err := (&Rspamd{URL: srv.URL + "/", Client: srv.Client()}).Ask(t.Context(), submission())
		srv.Close()
		if err != nil || len(e.Reasons) != 1 || e.Reasons[0].Points != want.points || e.Reasons[0].Detail != want.detail {
			t.Errorf("%s: %+v, %v", answer, e, err)
		}
	}
	for _, answer := range []string{``, `{}`, `[]`, `{"action":"dance","score":1}`, `{"action":"reject"}`, `{"score":"1","action":"reject"}`} {
		if e, err := readReport([]byte(answer)); err == nil {
			t.Errorf("%s: %+v", answer, e)
		}
	}
	if e, err := readReport([]byte(`{"is_skipped":true}`)); err != nil || len(e.Reasons) != 0 {
		t.Errorf("skipped: %+v, %v", e, err)
	}
}

// Nothing reads the message once the peer was given up: its memory may be gone.
func TestFence(t *testing.T) {
	t.Parallel()
	f := &fence{rest: []byte("abc")}
	if n, err := f.Read(make([]byte, 2)); n != 2 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	f.close()
	if n, err := f.Read(make([]byte, 2)); n != 0 || err == nil {
		t.Errorf("after the end: %d, %v", n, err)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	z := zone.Serve(t, `
1.2.0.192.list.example.  A 127.0.0.2
2.2.0.192.list.example.  A 127.255.255.254
3.2.0.192.list.example.  A 203.0.113.9
1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.list.example. A 127.0.0.10
`)
	l := &List{"list.example", &resolver.Resolver{Servers: []string{z.Addr}}}
	for address, want := range map[string]struct {
		points float64
		failed bool
	}{
		"192.0.2.1": {pointsListed, false}, "::ffff:192.0.2.1": {pointsListed, false}, "2001:db8::1": {pointsListed, false},
		"192.0.2.2": {0, true}, "192.0.2.3": {0, true}, "192.0.2.4": {0, false}, "127.0.0.1": {0, false}, "10.0.0.1": {0, false},
	} {
		s := submission()
		s.Remote = netip.MustParseAddr(address)
		e, err := l.Ask(t.Context(), s)
		points := 0.0
		for _, r := range e.Reasons {
			points += r.Points
		}
		if points != want.points || (err != nil) != want.failed {
			t.Errorf("%s: %+v, %v", address, e, err)
		}
	}
}

// Of several peers, one refuses for all, and a virus is stronger than what else was
// said.
func TestSeveralPeers(t *testing.T) {
	t.Parallel()
	says := func(e Evidence, err error) Peer { return &voice{e, err} }
	junk := says(Evidence{Decided: ReasonMilter, Reasons: []Reason{{Name: ReasonMilter}}}, nil)
	virus := says(Evidence{Decided: ReasonVirus, Reasons: []Reason{{Name: ReasonVirus}}}, nil)
	e, err := New(Options{Peers: []Peer{virus, junk}}).Inspect(t.Context(), submission())
	if err != nil || e.Decided != ReasonVirus || len(e.Reasons) != 2 {
		t.Errorf("%+v, %v", e, err)
	}
	_, err = New(Options{Peers: []Peer{junk, says(Evidence{}, &RefusedError{Text: "no"})}}).Inspect(t.Context(), submission())
	var refused *RefusedError
	if !errors.As(err, &refused) || refused.Text != "no" {
		t.Errorf("refused: %v", err)
	}
	var nobody *Filter
	if _, err := nobody.Inspect(t.Context(), submission()); err != nil {
		t.Errorf("no filter: %v", err)
	}
}

// A voice says what it was told to.
type voice struct {
	e   Evidence
	err error
}

func (v *voice) Name() string                                       { return "voice" }
func (v *voice) Ask(context.Context, *Submission) (Evidence, error) { return v.e, v.err }

func FuzzReadReport(f *testing.F) {
	f.Add([]byte(`{"score":8,"required_score":15,"action":"add header","symbols":{"A":{"score":1}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := readReport(b)
		for _, r := range e.Reasons {
			if err != nil || r.Points > 10 || r.Points < -10 || r.Points != r.Points || len(r.Detail) > 400 {
				t.Errorf("%q: %+v, %v", b, e, err)
			}
		}
	})
}

func FuzzParseClamd(f *testing.F) {
	for _, s := range []string{"stream: OK", "stream: X FOUND", "INSTREAM size limit exceeded. ERROR", "stream: "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		virus, err := parseClamd(answer)
		if err != nil && virus != "" || strings.ContainsFunc(virus, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%q: %q, %v", answer, virus, err)
		}
		if err == nil && virus == "" && answer != "stream: OK" {
			t.Errorf("%q is taken for clean", answer)
		}
	})
}
