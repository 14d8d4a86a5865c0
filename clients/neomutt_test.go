package clients

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const neomuttConfig = `set ssl_verify_host=yes
set certificate_file="%[1]s"
set imap_user="%[2]s" imap_pass="%[3]s"
set folder="imaps://localhost:%[4]d/"
set spool_file="=INBOX" record="=Sent" postponed="=Drafts" trash=""
set header_cache="%[5]s/cache"
set imap_condstore=yes imap_qresync=yes imap_idle=yes mail_check=1 timeout=1
set delete=yes quit=yes move=no confirm_append=no beep=no wait_key=no
set index_format="[%%Z] %%s"
`

// TestNeomutt reads a mailbox, changes it, and comes back to one that others
// changed meanwhile: with QRESYNC it is told only that.
func TestNeomutt(t *testing.T) {
	t.Parallel()
	need(t, "neomutt", "neomutt")
	l := serve(t)
	c := l.signIn(t, ben)
	add(t, c, "INBOX", sample("first"), sample("second"), sample("third"))
	home := t.TempDir()
	config := filepath.Join(home, "neomuttrc")
	if err := os.WriteFile(config, fmt.Appendf(nil, neomuttConfig, l.certFile, ben, password, l.imaps, home), 0o600); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(home, "log")
	command := []string{"neomutt", "-n", "-F", config, "-d", "3", "-l", log}

	screen := newTerminal(t, home, command...)
	screen.wait("third", false)
	screen.keys("=", "F", "$")
	waitFor(t, "the flag that neomutt set", func() bool { return flagged(t, c) == 1 })
	screen.keys("q")
	screen.waitEnd()

	remove(t, c, "INBOX", 2)
	add(t, c, "INBOX", sample("fourth"))

	screen = newTerminal(t, home, command...)
	screen.wait("fourth", false)
	screen.wait("second", true)
	screen.wait("first", false)
	screen.keys("q")
	screen.waitEnd()
	said, err := os.ReadFile(log + "0")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"ENABLE QRESYNC", "SELECT \"INBOX\" (CONDSTORE)", " VANISHED)", "Handling VANISHED"} {
		if !strings.Contains(string(said), want) {
			t.Errorf("neomutt did not come back by QRESYNC, its log has no %q:\n%s", want, imapLines(string(said)))
		}
	}
}

// imapLines are the lines of neomutt's log that show the dialogue.
func imapLines(log string) string {
	var lines []string
	for line := range strings.Lines(log) {
		if strings.Contains(line, "> a") || strings.Contains(line, "< ") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}
