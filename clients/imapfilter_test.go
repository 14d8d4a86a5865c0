package clients

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const filterConfig = `
options.timeout = 30
account = IMAP { server = 'localhost', port = %d, username = '%s', password = '%s', ssl = 'tls1.2' }
found = account.INBOX:contain_subject('second') * account.INBOX:is_unseen()
found:move_messages(account.Archive)
account.INBOX:contain_from('anna'):mark_flagged()
`

// TestImapfilter moves what matches and flags the rest.
func TestImapfilter(t *testing.T) {
	t.Parallel()
	need(t, "imapfilter", "imapfilter")
	l := serve(t)
	c := l.signIn(t, ben)
	add(t, c, "INBOX", sample("first"), sample("second"), sample("third"))
	home := t.TempDir()
	config := filepath.Join(home, "config.lua")
	if err := os.WriteFile(config, fmt.Appendf(nil, filterConfig, l.imaps, ben, password), 0o600); err != nil {
		t.Fatal(err)
	}
	out := client(t, home, "imapfilter", "-c", config, "-t", l.certFile)
	if !strings.Contains(out, "1 messages moved") || !strings.Contains(out, "2 messages marked flagged") {
		t.Errorf("imapfilter said:\n%s", out)
	}
	if n, _ := status(t, c, "Archive"); n != 1 {
		t.Errorf("%d messages in Archive, want the one that was moved", n)
	}
}
