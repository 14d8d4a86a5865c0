package smtpd

import (
	"crypto/tls"
	"errors"
	"net/http/httptest"
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
