package clients

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const offlineimapConfig = `[general]
accounts = ben
metadata = %[1]s/meta
ui = basic
[Account ben]
localrepository = local
remoterepository = remote
%[6]s
[Repository local]
type = Maildir
localfolders = %[1]s/mail
sep = /
[Repository remote]
type = IMAP
remotehost = localhost
remoteport = %[2]d
ssl = yes
sslcacertfile = %[3]s
remoteuser = %[4]s
remotepass = %[5]s
auth_mechanisms = PLAIN
folderfilter = lambda name: name in ('INBOX', 'Archive')
%[7]s
`

// offlineimap writes a configuration with lines for the account and the remote
// repository, and returns its path.
func (l *letterbox) offlineimap(t *testing.T, home, account, remote string) string {
	t.Helper()
	config := filepath.Join(home, "offlineimaprc")
	text := fmt.Appendf(nil, offlineimapConfig, home, l.imaps, l.certFile, ben, password, account, remote)
	if err := os.WriteFile(config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return config
}

// TestOfflineimap synchronises both ways: flags and moves of files reach the
// server, and changes there the files.
func TestOfflineimap(t *testing.T) {
	t.Parallel()
	need(t, "offlineimap", "offlineimap3")
	l := serve(t)
	c := l.signIn(t, ben)
	add(t, c, "INBOX", sample("first"), sample("second"))
	home := t.TempDir()
	config := l.offlineimap(t, home, "", "")
	client(t, home, "offlineimap", "-c", config, "-o")
	files, _ := filepath.Glob(filepath.Join(home, "mail/INBOX/new/*"))
	if len(files) != 2 {
		t.Fatalf("files after the first synchronisation: %v", files)
	}
	if err := os.Remove(files[0]); err != nil {
		t.Fatal(err)
	}
	seen := filepath.Join(home, "mail/INBOX/cur", filepath.Base(files[1])+"S")
	if err := os.Rename(files[1], seen); err != nil {
		t.Fatal(err)
	}
	add(t, c, "Archive", sample("third"))
	client(t, home, "offlineimap", "-c", config, "-o")
	if messages, unseen := status(t, c, "INBOX"); messages != 1 || unseen != 0 {
		t.Errorf("INBOX has %d messages, %d unseen; want 1, 0", messages, unseen)
	}
	if files, _ := filepath.Glob(filepath.Join(home, "mail/Archive/new/*")); len(files) != 1 {
		t.Errorf("files in Archive: %v", files)
	}
}

// TestOfflineimapIdles has it wait in IDLE and write the file of a message that
// arrives.
func TestOfflineimapIdles(t *testing.T) {
	t.Parallel()
	need(t, "offlineimap", "offlineimap3")
	l := serve(t)
	c := l.signIn(t, ben)
	home := t.TempDir()
	config := l.offlineimap(t, home, "autorefresh = 60", "idlefolders = ['INBOX']\nmaxconnections = 2\nkeepalive = 60\nholdconnectionopen = yes")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "offlineimap", "-c", config)
	cmd.Env = append(os.Environ(), "HOME="+home)
	var output strings.Builder
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("offlineimap said:\n%s", output.String())
		}
	})
	mail := filepath.Join(home, "mail/INBOX/new")
	waitFor(t, "the first synchronisation", func() bool { _, err := os.Stat(mail); return err == nil })
	// What arrives between the synchronisation and IDLE it does not notice, and
	// nothing says when it idles: messages arrive until it does.
	waitFor(t, "the file of a message that arrived", func() bool {
		add(t, c, "INBOX", sample("while it idles"))
		time.Sleep(500 * time.Millisecond)
		files, _ := filepath.Glob(filepath.Join(mail, "*"))
		return len(files) > 0
	})
}
