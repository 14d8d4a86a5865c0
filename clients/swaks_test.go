package clients

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// TestSwaks signs in at every port that users send by, with and without encryption
// from the start, in every way that swaks knows of; and nowhere else.
func TestSwaks(t *testing.T) {
	t.Parallel()
	need(t, "swaks", "swaks")
	starttls, mx := freePort(t), freePort(t)
	l := serve(t, fmt.Sprintf("listen.submission=127.0.0.1:%d", starttls), fmt.Sprintf("listen.smtp=127.0.0.1:%d", mx))
	const accepted = "250 2.0.0 accepted"
	user := []string{"--auth-user", anna, "--auth-password", password}
	for name, c := range map[string]struct {
		port int
		args []string
		want string
	}{
		"587 PLAIN":             {starttls, append([]string{"--tls", "--auth", "PLAIN"}, user...), accepted},
		"587 LOGIN":             {starttls, append([]string{"--tls", "--auth", "LOGIN"}, user...), accepted},
		"587 pipelined":         {starttls, append([]string{"--tls", "--auth", "PLAIN", "--pipeline"}, user...), accepted},
		"465 PLAIN":             {l.submission, append([]string{"--tls-on-connect", "--auth", "PLAIN"}, user...), accepted},
		"465 LOGIN":             {l.submission, append([]string{"--tls-on-connect", "--auth", "LOGIN"}, user...), accepted},
		"587 in the clear":      {starttls, append([]string{"--auth", "PLAIN"}, user...), "Host did not advertise authentication"},
		"587 CRAM-MD5":          {starttls, append([]string{"--tls", "--auth", "CRAM-MD5"}, user...), "requested type not available"},
		"465 wrong password":    {l.submission, []string{"--tls-on-connect", "--auth", "PLAIN", "--auth-user", anna, "--auth-password", "wrong"}, "535 5.7.8"},
		"465 nobody signs in":   {l.submission, []string{"--tls-on-connect"}, "530 5.7.0"},
		"25 nobody signs in":    {mx, append([]string{"--tls", "--auth", "PLAIN"}, user...), "Host did not advertise authentication"},
		"25 STARTTLS":           {mx, []string{"--tls", "--from", "carl@far.example"}, accepted},
		"25 pipelined":          {mx, []string{"--pipeline", "--from", "carl@far.example"}, accepted},
		"25 elsewhere":          {mx, []string{"--tls", "--from", "carl@far.example", "--to", "dora@far.example"}, "550 5.7.1"},
		"465 in another's name": {l.submission, append([]string{"--tls-on-connect", "--auth", "PLAIN", "--from", ben}, user...), "553 5.7.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{
				"--server", "127.0.0.1", "--port", fmt.Sprint(c.port), "--helo", "client.example.net", "--from", anna, "--to", ben,
				"--header", "Subject: by swaks",
			}, c.args...)
			out, _ := exec.Command("swaks", args...).CombinedOutput() // it fails where it is refused
			if !strings.Contains(string(out), c.want) {
				t.Errorf("swaks says\n%s\nand not %q", out, c.want)
			}
		})
	}
}
