package smtpd

import (
	"bufio"
	"errors"
	"strings"
	"testing"
	"time"
)

// A steady client has the time that its bytes take; one whose message is refused
// for its line ends has until it pauses.
func TestDeadline(t *testing.T) {
	t.Parallel()
	limits := Timeouts{Data: time.Minute, Broken: time.Second}
	began := time.Now()
	m := &incoming{began: began, size: 100 * slowest}
	if got, want := m.deadline(limits), began.Add(time.Minute+100*time.Second); !got.Equal(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	m.refused = m.bareLineEnd()
	if got := m.deadline(limits); got.After(time.Now().Add(time.Second)) {
		t.Errorf("a refused message may pause until %v", got)
	}
}

// FuzzDotted compares the reading of DATA with what RFC 5321 section 4.5.2 says
// about the bytes as a whole. The buffer is small, so that everything falls on
// its edges.
func FuzzDotted(f *testing.F) {
	for _, seed := range []string{
		".\r\n", "..\r\n.\r\n", "a\r\n.\r\nQUIT\r\n", "a\n.\nb\r\n.\r\n", "a\r\n.\rb\r\n.\r\n", "a\r\r\n.\r\nb",
		strings.Repeat("x", 15) + "\r\n.\r\n", strings.Repeat("x", 16) + "\r\n.\r\n", strings.Repeat("x", 30) + "\r\n..\r\n.\r\n",
	} {
		f.Add([]byte(seed))
	}
	h := newHouse(f)
	s := &session{srv: h.server(Config{})}
	f.Fuzz(func(t *testing.T, input []byte) {
		m := s.newIncoming()
		defer m.close()
		r := bufio.NewReaderSize(strings.NewReader(string(input)), 16)
		err := readDotted(r, m, 1<<20)
		want, rest, ended := strings.Cut("\r\n"+string(input), "\r\n.\r\n")
		if !ended {
			if err == nil {
				t.Fatal("found an end")
			}
			return
		}
		if err != nil {
			t.Fatalf("found no end: %v", err)
		}
		left, _ := r.Peek(r.Buffered())
		if !strings.HasPrefix(rest, string(left)) {
			t.Errorf("%q is left, want %q", left, rest)
		}
		want = strings.ReplaceAll(want+"\r\n", "\r\n.", "\r\n")[2:]
		bare := strings.ContainsAny(strings.ReplaceAll(want, "\r\n", ""), "\r\n")
		got, err := m.finish()
		if bare != errors.Is(err, errBareLineEnd) {
			t.Fatalf("%q: %v", want, err)
		}
		if !bare && string(got) != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
