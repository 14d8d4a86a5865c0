package imapd

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/xdg-go/scram"
)

// SCRAM works without TLS, with and without an initial response, and with a
// wrong password it does not.
func TestSCRAM(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	address, _ := h.serve(t, Config{})
	for _, test := range []struct {
		password string
		initial  bool
		want     string
	}{
		{annaPassword, true, "a OK [CAPABILITY "},
		{annaPassword, false, "a OK [CAPABILITY "},
		{"wrong", true, "a NO [AUTHENTICATIONFAILED] "},
	} {
		if got := authenticateSCRAM(t, address, test.password, test.initial); !strings.HasPrefix(got, test.want) {
			t.Errorf("SCRAM with %q, initial response %t: %q", test.password, test.initial, got)
		}
	}
}

// authenticateSCRAM goes through an exchange and returns the tagged reply.
func authenticateSCRAM(t *testing.T, address, password string, initial bool) string {
	client, err := scram.SHA256.NewClient(annaAddress, password, "")
	check(t, err)
	exchange := client.NewConversation()
	conn, err := net.Dial("tcp", address)
	check(t, err)
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	r := bufio.NewReader(conn)
	_, err = r.ReadString('\n')
	check(t, err)

	say := "a AUTHENTICATE SCRAM-SHA-256"
	if initial {
		first, err := exchange.Step("")
		check(t, err)
		say += " " + base64.StdEncoding.EncodeToString([]byte(first))
	}
	for {
		_, err := fmt.Fprintf(conn, "%s\r\n", say)
		check(t, err)
		line, err := r.ReadString('\n')
		check(t, err)
		challenge, ok := strings.CutPrefix(line, "+ ")
		if !ok {
			return line
		}
		text, err := base64.StdEncoding.DecodeString(strings.TrimSpace(challenge))
		check(t, err)
		answer, err := exchange.Step(string(text))
		check(t, err)
		say = base64.StdEncoding.EncodeToString([]byte(answer))
	}
}
