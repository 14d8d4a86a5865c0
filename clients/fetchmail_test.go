package clients

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const fetchmailConfig = `poll localhost service %d protocol IMAP
	user "%s" password "%s" ssl sslcertck sslcertfile "%s"
	folder INBOX nokeep fetchall norewrite no mimedecode
	mda "cat >> %s"
`

// TestFetchmail empties the mailbox and gets every message whole.
func TestFetchmail(t *testing.T) {
	t.Parallel()
	need(t, "fetchmail", "fetchmail")
	l := serve(t)
	c := l.signIn(t, ben)
	add(t, c, "INBOX", sample("first"), sample("second"))
	home := t.TempDir()
	config, fetched := filepath.Join(home, "fetchmailrc"), filepath.Join(home, "fetched")
	if err := os.WriteFile(config, fmt.Appendf(nil, fetchmailConfig, l.imaps, ben, password, l.certFile, fetched), 0o600); err != nil {
		t.Fatal(err)
	}
	client(t, home, "fetchmail", "-f", config, "--pidfile", filepath.Join(home, "pid"), "--nosyslog")
	got, err := os.ReadFile(fetched)
	if err != nil {
		t.Fatal(err)
	}
	for _, subject := range []string{"first", "second"} {
		if _, body, _ := strings.Cut(unixLines(sample(subject)), "\n\n"); !strings.Contains(string(got), "Subject: "+subject) || strings.Count(string(got), body) != 2 {
			t.Errorf("message %q was not fetched whole:\n%s", subject, got)
		}
	}
	if n, _ := status(t, c, "INBOX"); n != 0 {
		t.Errorf("%d messages left, fetchmail was to take them away", n)
	}
}
