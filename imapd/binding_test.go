package imapd

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/xdg-go/scram"
)

// signInBound signs anna in with SCRAM and returns the tagged reply. bind makes
// the client's half of the binding; nil: it knows of none.
func signInBound(t *testing.T, address, mechanism string, maxVersion uint16, bind func(*tls.ConnectionState) (scram.ChannelBinding, error)) string {
	t.Helper()
	conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, MaxVersion: maxVersion})
	check(t, err)
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	r := bufio.NewReader(conn)
	greeting, err := r.ReadString('\n')
	check(t, err)
	if !strings.Contains(greeting, " AUTH=SCRAM-SHA-256-PLUS AUTH=SCRAM-SHA-256 ") {
		t.Errorf("greeting is %q", greeting)
	}
	client, err := scram.SHA256.NewClient(annaAddress, annaPassword, "")
	check(t, err)
	conversation := client.NewConversation()
	if bind != nil {
		state := conn.ConnectionState()
		binding, err := bind(&state)
		check(t, err)
		conversation = client.NewConversationWithChannelBinding(binding)
	}
	fmt.Fprintf(conn, "a AUTHENTICATE %s\r\n", mechanism)
	for {
		line, err := r.ReadString('\n')
		check(t, err)
		challenge, more := strings.CutPrefix(strings.TrimSuffix(line, "\r\n"), "+ ")
		if !more {
			return line
		}
		text, err := base64.StdEncoding.DecodeString(challenge)
		check(t, err)
		response := ""
		if !conversation.Done() {
			response, err = conversation.Step(string(text))
			check(t, err)
		}
		fmt.Fprintf(conn, "%s\r\n", base64.StdEncoding.EncodeToString([]byte(response)))
	}
}

func TestChannelBinding(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, address := h.serve(t, Config{})
	// What somebody in between would see: another connection of another server.
	_, other := newHouse(t).serve(t, Config{})
	elsewhere, err := tls.Dial("tcp", other, &tls.Config{InsecureSkipVerify: true})
	check(t, err)
	defer elsewhere.Close()
	foreign := elsewhere.ConnectionState()
	const plus = "SCRAM-SHA-256-PLUS"
	for _, test := range []struct {
		name, mechanism string
		version         uint16
		bind            func(*tls.ConnectionState) (scram.ChannelBinding, error)
		want            string
	}{
		{"exporter", plus, tls.VersionTLS13, scram.NewTLSExporterBinding, "a OK "},
		{"exporter of TLS 1.2", plus, tls.VersionTLS12, scram.NewTLSExporterBinding, "a OK "},
		{"endpoint", plus, tls.VersionTLS13, scram.NewTLSServerEndpointBinding, "a OK "},
		{"endpoint of TLS 1.2", plus, tls.VersionTLS12, scram.NewTLSServerEndpointBinding, "a OK "},
		{"without", "SCRAM-SHA-256", tls.VersionTLS13, nil, "a OK "},
		{"of another connection", plus, tls.VersionTLS13, func(*tls.ConnectionState) (scram.ChannelBinding, error) {
			return scram.NewTLSExporterBinding(&foreign)
		}, "a NO [AUTHENTICATIONFAILED]"},
		{"unknown", plus, tls.VersionTLS13, func(*tls.ConnectionState) (scram.ChannelBinding, error) {
			return scram.NewTLSUniqueBinding([]byte("12345678")), nil
		}, "a BAD "},
		{"bound without saying so", "SCRAM-SHA-256", tls.VersionTLS13, scram.NewTLSExporterBinding, "a BAD "},
		{"said and not bound", plus, tls.VersionTLS13, nil, "a BAD "},
	} {
		if got := signInBound(t, address, test.mechanism, test.version, test.bind); !strings.HasPrefix(got, test.want) {
			t.Errorf("%s: %q", test.name, got)
		}
	}
}

// Who can bind and believes that we cannot has been lied to.
func TestChannelBindingDowngrade(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	plain, address := h.serve(t, Config{PlaintextLoopback: true})
	first := base64.StdEncoding.EncodeToString([]byte("y,,n=" + annaAddress + ",r=abcdefgh"))
	for name, test := range map[string]struct {
		dial func() (net.Conn, error)
		want string
	}{
		"with TLS": {func() (net.Conn, error) { return tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true}) }, "a BAD "},
		"without":  {func() (net.Conn, error) { return net.Dial("tcp", plain) }, "+ "},
	} {
		conn, err := test.dial()
		check(t, err)
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(patience))
		r := bufio.NewReader(conn)
		_, err = r.ReadString('\n')
		check(t, err)
		fmt.Fprintf(conn, "a AUTHENTICATE SCRAM-SHA-256 %s\r\n", first)
		if line, err := r.ReadString('\n'); !strings.HasPrefix(line, test.want) {
			t.Errorf("%s: %q, %v", name, line, err)
		}
	}
}
