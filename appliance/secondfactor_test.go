package appliance

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/pquerna/otp/totp"
	"letterbox/directory"
)

// TestSecondFactor: once anna has one, mail programs come in with app passwords
// alone, at the doors that these are for; whoever uses her own password is told
// what to do.
func TestSecondFactor(t *testing.T) {
	t.Parallel()
	r := run(t)
	d, ctx := r.data, t.Context()
	r.login(t, annaPassword, "a1 OK")
	r.auth(t, annaPassword, "235 ")

	setup, err := d.Directory.BeginTOTP(ctx, annaAddress, "localhost")
	must(t, err)
	code, err := totp.GenerateCode(setup.Secret, time.Now())
	must(t, err)
	must(t, d.Directory.ConfirmTOTP(ctx, annaAddress, code))

	const told = "make an app password for this device"
	r.login(t, annaPassword, "* NO [ALERT] ", told, "a1 NO [AUTHENTICATIONFAILED] ", told)
	r.auth(t, annaPassword, "535 5.7.8 ", told)
	r.login(t, "a wrong guess", "a1 NO [AUTHENTICATIONFAILED] wrong user name or password")

	reads, phone, err := d.Directory.AddAppPassword(ctx, annaAddress, "Phone", directory.ScopeIMAP)
	must(t, err)
	sends, _, err := d.Directory.AddAppPassword(ctx, annaAddress, "Printer", directory.ScopeSubmission)
	must(t, err)
	r.login(t, reads, "a1 OK")
	r.login(t, strings.ReplaceAll(reads, "-", ""), "a1 OK")
	r.auth(t, sends, "235 ")
	r.auth(t, reads, "535 5.7.8 this app password is not for that")
	r.login(t, sends, "* NO [ALERT] this app password is not for that", "a1 NO [AUTHENTICATIONFAILED] ")

	must(t, d.Directory.RevokeAppPassword(ctx, annaAddress, phone.ID))
	r.login(t, reads, "a1 NO [AUTHENTICATIONFAILED] wrong user name or password")
	must(t, d.Directory.ResetSecondFactor(ctx, annaAddress))
	r.login(t, annaPassword, "a1 OK")
}

// TestEndings: what counts no more ends what it opened, and nothing else.
func TestEndings(t *testing.T) {
	t.Parallel()
	r := run(t)
	d, ctx := r.data, t.Context()
	secret, phone, err := d.Directory.AddAppPassword(ctx, annaAddress, "Phone", directory.ScopeIMAP)
	must(t, err)
	other, _, err := d.Directory.AddAppPassword(ctx, annaAddress, "Laptop", directory.ScopeIMAP)
	must(t, err)

	onPhone, onLaptop, own := r.open(t, secret), r.open(t, other), r.open(t, annaPassword)
	must(t, d.Directory.RevokeAppPassword(ctx, annaAddress, phone.ID))
	onPhone.ends(t)
	onLaptop.lives(t)
	own.lives(t)

	must(t, d.Directory.SetPassword(ctx, annaAddress, "roses in june"))
	own.ends(t)
	onLaptop.lives(t)

	own = r.open(t, "roses in june")
	setup, err := d.Directory.BeginTOTP(ctx, annaAddress, "localhost")
	must(t, err)
	code, err := totp.GenerateCode(setup.Secret, time.Now())
	must(t, err)
	must(t, d.Directory.ConfirmTOTP(ctx, annaAddress, code))
	own.ends(t)
	onLaptop.lives(t)

	must(t, d.Directory.SetDisabled(ctx, annaAddress, true))
	onLaptop.ends(t)
}

// TestUsedBy: an app password knows the program that it is used on.
func TestUsedBy(t *testing.T) {
	t.Parallel()
	r := run(t)
	secret, _, err := r.data.Directory.AddAppPassword(t.Context(), annaAddress, "Phone", directory.ScopeIMAP)
	must(t, err)
	c := r.open(t, secret)
	c.say(t, `a2 ID ("name" "K-9 Mail" "version" "6.8")`)
	user, err := r.data.Directory.User(t.Context(), annaAddress)
	must(t, err)
	all, err := r.data.Directory.AppPasswords(t.Context(), user.ID)
	must(t, err)
	if len(all) != 1 || all[0].UsedBy != "K-9 Mail 6.8" || all[0].UsedFrom != "127.0.0.1" || all[0].Used.IsZero() {
		t.Errorf("app passwords are %+v", all)
	}
}

// An opened connection is one to IMAP on which anna has signed in.
type opened struct {
	net.Conn
	lines *bufio.Reader
}

func (r *running) open(t *testing.T, password string) *opened {
	t.Helper()
	conn, err := tls.Dial("tcp", r.Addr("imaps").String(), r.trust)
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	must(t, conn.SetDeadline(time.Now().Add(patience)))
	c := &opened{conn, bufio.NewReader(conn)}
	c.say(t, fmt.Sprintf("a1 LOGIN %s %q", annaAddress, password))
	return c
}

// say sends a command, whose tag it begins with, and reads its reply.
func (c *opened) say(t *testing.T, command string) {
	t.Helper()
	_, err := fmt.Fprintf(c, "%s\r\n", command)
	must(t, err)
	tag, _, _ := strings.Cut(command, " ")
	for {
		line, err := c.lines.ReadString('\n')
		must(t, err)
		if strings.HasPrefix(line, tag+" ") {
			if !strings.HasPrefix(line, tag+" OK") {
				t.Fatalf("%s: %s", command, line)
			}
			return
		}
	}
}

func (c *opened) lives(t *testing.T) {
	t.Helper()
	c.say(t, "a9 NOOP")
}

// ends waits for the connection to be closed.
func (c *opened) ends(t *testing.T) {
	t.Helper()
	for {
		if _, err := c.lines.ReadString('\n'); err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("the connection goes on")
			}
			return
		}
	}
}

// login signs in to IMAP on a connection of its own; all these have to be in what
// is answered, in this order.
func (r *running) login(t *testing.T, password string, want ...string) {
	t.Helper()
	conn, err := tls.Dial("tcp", r.Addr("imaps").String(), r.trust)
	must(t, err)
	defer conn.Close()
	must(t, conn.SetDeadline(time.Now().Add(patience)))
	fmt.Fprintf(conn, "a1 LOGIN %s %q\r\n", annaAddress, password)
	lines := bufio.NewReader(conn)
	var answer string
	for !strings.Contains(answer, "a1 ") {
		line, err := lines.ReadString('\n')
		must(t, err)
		if !strings.HasPrefix(line, "* OK") { // the greeting
			answer += line
		}
	}
	mustHold(t, answer, want)
}

// auth signs in to submission, likewise.
func (r *running) auth(t *testing.T, password string, want ...string) {
	t.Helper()
	conn, err := tls.Dial("tcp", r.Addr("submissions").String(), r.trust)
	must(t, err)
	defer conn.Close()
	must(t, conn.SetDeadline(time.Now().Add(patience)))
	_, response, err := sasl.NewPlainClient("", annaAddress, password).Start()
	must(t, err)
	text := textproto.NewConn(conn)
	_, _, err = text.ReadResponse(220)
	must(t, err)
	must(t, text.PrintfLine("EHLO client.example"))
	_, _, err = text.ReadResponse(250)
	must(t, err)
	must(t, text.PrintfLine("AUTH PLAIN %s", base64.StdEncoding.EncodeToString(response)))
	code, answer, err := text.ReadResponse(0)
	must(t, err)
	mustHold(t, fmt.Sprintf("%d %s", code, answer), want)
}

// mustHold fails unless the text has all parts, in this order.
func mustHold(t *testing.T, text string, parts []string) {
	t.Helper()
	rest := text
	for _, part := range parts {
		_, after, found := strings.Cut(rest, part)
		if !found {
			t.Errorf("answered %q, want %q", text, parts)
			return
		}
		rest = after
	}
}
