package smtpd

import (
	"crypto/tls"
	"encoding/base64"
	"errors"

	"net/http/httptest"
	"net/textproto"
	"strings"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/xdg-go/scram"
)

// A scramClient is the client's half of SCRAM-SHA-256.
type scramClient struct{ conversation *scram.ClientConversation }

func newSCRAMClient(t *testing.T, user, password string) sasl.Client {
	t.Helper()
	client, err := scram.SHA256.NewClient(user, password, "")
	check(t, err)
	return &scramClient{client.NewConversation()}
}

func (c *scramClient) Start() (string, []byte, error) {
	first, err := c.conversation.Step("")
	return "SCRAM-SHA-256", []byte(first), err
}

func (c *scramClient) Next(challenge []byte) ([]byte, error) {
	response, err := c.conversation.Step(string(challenge))
	return []byte(response), err
}

// TestSCRAM signs in and sends with go-smtp's client, and checks that the server
// has proved itself, too.
func TestSCRAM(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	doors := h.serve(t, Config{})
	client, err := smtp.DialStartTLS(doors["submission"], &tls.Config{InsecureSkipVerify: true})
	check(t, err)
	defer client.Close()
	wrong := newSCRAMClient(t, annaAddress, "wrong password")
	var refused *smtp.SMTPError
	if err := client.Auth(wrong); !errors.As(err, &refused) || refused.Code != 535 {
		t.Errorf("a wrong password: %v", err)
	}
	right := newSCRAMClient(t, annaAddress, annaPassword).(*scramClient)
	check(t, client.Auth(right))
	if !right.conversation.Valid() {
		t.Error("the server did not prove that it knows the password")
	}
	letter := "From: anna@example.org\r\n\r\nHello.\r\n"
	check(t, client.SendMail(annaAddress, []string{"ben@example.org", "carl@example.net"}, strings.NewReader(letter)))
	check(t, client.Quit())
	if got := h.queued(t); len(got) != 1 || got[0] != "anna@example.org:carl@example.net" {
		t.Errorf("queued %q", got)
	}
	if got := h.messages(t, "ben@example.org", "INBOX"); len(got) != 1 || !strings.HasSuffix(got[0], letter) {
		t.Errorf("ben has %q", got)
	}

	recorder := httptest.NewRecorder()
	h.telemetry.Handler().ServeHTTP(recorder, httptest.NewRequest("GET", "/metrics", nil))
	for _, line := range []string{
		`letterbox_sign_ins_total{protocol="submission",result="bad"} 1`,
		`letterbox_sign_ins_total{protocol="submission",result="ok"} 1`,
		`letterbox_commands_total{command="STARTTLS",protocol="submission",status="2"} 1`,
		`letterbox_commands_total{command="DATA",protocol="submission",status="2"} 1`,
		`letterbox_commands_total{command="AUTH",protocol="submission",status="5"} 1`,
		`letterbox_delivered_messages_total 1`,
	} {
		if !strings.Contains(recorder.Body.String(), line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
}

// signInBound signs anna in with SCRAM bound by a binding, or by one that could bind
// and believes that we cannot (nil), and returns the code of
// the last reply.
func signInBound(t *testing.T, address, mechanism string, bind func(*tls.ConnectionState) (scram.ChannelBinding, error)) int {
	t.Helper()
	conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true})
	check(t, err)
	defer conn.Close()
	text := textproto.NewConn(conn)
	_, _, err = text.ReadResponse(220)
	check(t, err)
	check(t, text.PrintfLine("EHLO client.example.net"))
	_, keywords, err := text.ReadResponse(250)
	check(t, err)
	if !strings.Contains(keywords, "AUTH SCRAM-SHA-256 ") { // and not -PLUS, which mutt would take
		t.Errorf("EHLO says %q", keywords)
	}
	client, err := scram.SHA256.NewClient(annaAddress, annaPassword, "")
	check(t, err)
	conversation := client.NewConversationAdvertisingChannelBinding()
	if bind != nil {
		state := conn.ConnectionState()
		binding, err := bind(&state)
		check(t, err)
		conversation = client.NewConversationWithChannelBinding(binding)
	}
	line := "AUTH " + mechanism
	for {
		check(t, text.PrintfLine("%s", line))
		code, challenge, _ := text.ReadResponse(0)
		if code != 334 {
			return code
		}
		decoded, err := base64.StdEncoding.DecodeString(challenge)
		check(t, err)
		line = ""
		if !conversation.Done() {
			response, err := conversation.Step(string(decoded))
			check(t, err)
			line = base64.StdEncoding.EncodeToString([]byte(response))
		}
	}
}

func TestChannelBinding(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	address := h.serve(t, Config{})["submissions"]
	elsewhere, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true})
	check(t, err)
	defer elsewhere.Close()
	foreign := elsewhere.ConnectionState()
	const plus = "SCRAM-SHA-256-PLUS"
	for i, test := range []struct {
		mechanism string
		bind      func(*tls.ConnectionState) (scram.ChannelBinding, error)
		want      int
	}{
		{plus, scram.NewTLSExporterBinding, 235},
		{plus, scram.NewTLSServerEndpointBinding, 235},
		{plus, func(*tls.ConnectionState) (scram.ChannelBinding, error) {
			return scram.NewTLSExporterBinding(&foreign)
		}, 535},
		{"SCRAM-SHA-256", scram.NewTLSExporterBinding, 501}, // bound without saying so
		{"SCRAM-SHA-256", nil, 235},                         // EHLO has told it of no -PLUS
	} {
		if got := signInBound(t, address, test.mechanism, test.bind); got != test.want {
			t.Errorf("%d: %d, want %d", i, got, test.want)
		}
	}
}
