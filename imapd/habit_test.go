package imapd

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"testing"
	"time"

	"letterbox/finding"
	"letterbox/habit"
)

// The directives by which a dialogue shows what is found about a client: see
// package habit, and testdata/dialogues/habit-*.txtar.

func (st *stage) passTime(args []string) {
	d, err := time.ParseDuration(args[0])
	st.Check(err)
	st.house.later.Add(int64(d))
}

// findings are those of a kind.
func (st *stage) findings(kind string) (list []finding.Finding) {
	for _, f := range st.house.telemetry.Habits().Findings() {
		if f.Kind == kind {
			list = append(list, f)
		}
	}
	return list
}

// expectFinding waits: the dialogue may not have read all answers, and the end of a
// connection has none.
func (st *stage) expectFinding(args []string) {
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		list := st.findings(args[0])
		if len(list) == 1 && st.fits(list[0], args[1:]) {
			return
		}
		if time.Now().After(end) {
			st.Fatalf("found %v", list)
		}
	}
}

// fits compares the figures of a finding with texts.
func (st *stage) fits(f finding.Finding, want []string) bool {
	if len(want) > len(f.Args) {
		return false
	}
	for i, text := range want {
		if text != "_" && !st.Match(text, fmt.Sprint(f.Args[i])) {
			return false
		}
	}
	return true
}

func (st *stage) expectNoFinding(args []string) {
	if list := st.findings(args[1]); len(list) > 0 {
		st.Fatalf("found %v", list)
	}
}

// A client that does not trust the certificate says so as it shakes hands.
func TestDistrustedCertificate(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, private := h.serve(t, Config{})
	for range 2 {
		if len(h.telemetry.Habits().Findings()) > 0 {
			t.Fatal("one time may be a person who looks at the certificate")
		}
		conn, err := tls.Dial("tcp", private, &tls.Config{ServerName: "localhost", RootCAs: x509.NewCertPool()})
		if err == nil {
			_ = conn.Close()
			t.Fatal("the certificate is trusted")
		}
	}
	// A scanner that speaks no TLS is none of them.
	if conn, err := net.Dial("tcp", private); err == nil {
		_, _ = conn.Write([]byte("GET / HTTP/1.0\r\n\r\n"))
		_ = conn.Close()
	}
	h.stop() // so that all is noted
	list := h.telemetry.Habits().Findings()
	if len(list) != 1 || list[0].Kind != habit.Distrust || list[0].Args[1] != 2 || list[0].Args[2] != "bad certificate" {
		t.Errorf("found %v", list)
	}
}
