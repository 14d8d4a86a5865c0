package clients

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"testing"
)

const aercConfig = `[Ben]
source = imaps://%s:%s@localhost:%d
default = INBOX
from = Ben <%s>
`

// TestAerc shows a mailbox, sees a message arrive, reads and archives it.
func TestAerc(t *testing.T) {
	t.Parallel()
	need(t, "aerc", "aerc")
	l := serve(t)
	c := l.signIn(t, ben)
	add(t, c, "INBOX", sample("first"))
	home := t.TempDir()
	folder := filepath.Join(home, ".config/aerc")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	accounts := fmt.Appendf(nil, aercConfig, url.QueryEscape(ben), password, l.imaps, ben)
	if err := os.WriteFile(filepath.Join(folder, "accounts.conf"), accounts, 0o600); err != nil {
		t.Fatal(err)
	}
	screen := newTerminal(t, home, "SSL_CERT_FILE="+l.certFile, "aerc")
	screen.wait("first", false)
	add(t, c, "INBOX", sample("arrived"))
	screen.wait("arrived", false)
	screen.keys("g", "Enter")
	screen.wait("Briefkasten", false)
	screen.keys("q")
	screen.keys(":archive flat", "Enter")
	waitFor(t, "the message in Archive", func() bool { n, _ := status(t, c, "Archive"); return n == 1 })
}
