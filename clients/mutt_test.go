package clients

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

const muttConfig = `set ssl_verify_host=yes
set certificate_file="%[1]s"
set imap_user="%[2]s" imap_pass="%[3]s"
set folder="imaps://localhost:%[4]d/"
set spoolfile="=INBOX" record="=Sent" postponed="=Drafts" trash=""
set smtp_url="smtps://%[2]s@localhost:%[5]d/" smtp_pass="%[3]s"
set from="%[2]s" realname="Test" use_from=yes envelope_from=yes
set imap_check_subscribed=no header_cache="" mail_check=1 timeout=1 imap_idle=yes imap_qresync=yes
set delete=yes quit=yes move=no confirmappend=no beep=no wait_key=no
set index_format="[%%Z] %%s"
set query_command="" alias_file=/dev/null
`

// muttrc writes a configuration for a user and returns its path.
func (l *letterbox) muttrc(t *testing.T, home, user string) string {
	t.Helper()
	file := filepath.Join(home, "muttrc-"+user)
	config := fmt.Appendf(nil, muttConfig, l.certFile, user, password, l.imaps, l.submission)
	if err := os.WriteFile(file, config, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// terminal is a program in tmux: keys go in, the screen comes back.
type terminal struct {
	t      *testing.T
	socket string
}

func newTerminal(t *testing.T, home string, command ...string) *terminal {
	t.Helper()
	need(t, "tmux", "tmux")
	term := &terminal{t: t, socket: filepath.Join(home, "tmux")}
	term.tmux(append([]string{"new-session", "-d", "-x", "100", "-y", "30", "env", "HOME=" + home, "LC_ALL=C.UTF-8"}, command...)...)
	t.Cleanup(func() { exec.Command("tmux", "-S", term.socket, "kill-server").Run() })
	return term
}

func (term *terminal) tmux(args ...string) string {
	term.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-S", term.socket}, args...)...).CombinedOutput()
	if err != nil {
		term.t.Fatalf("tmux %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (term *terminal) keys(keys ...string) { term.tmux(append([]string{"send-keys"}, keys...)...) }

// wait waits until the screen shows the text (or with gone, no longer does).
func (term *terminal) wait(text string, gone bool) {
	term.t.Helper()
	ctx, cancel := context.WithTimeout(term.t.Context(), time.Minute)
	defer cancel()
	for {
		screen := term.tmux("capture-pane", "-p")
		if strings.Contains(screen, text) != gone {
			return
		}
		select {
		case <-ctx.Done():
			term.t.Fatalf("waited for %q (gone: %v), the screen shows\n%s", text, gone, screen)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// waitEnd waits until the program has ended, and the terminal with it.
func (term *terminal) waitEnd() {
	term.t.Helper()
	waitFor(term.t, "the end of the program", func() bool {
		return exec.Command("tmux", "-S", term.socket, "has-session").Run() != nil
	})
}

// TestMutt sends with mutt, sees the message arrive in an idling mutt, reads it,
// flags it, deletes it.
func TestMutt(t *testing.T) {
	t.Parallel()
	need(t, "mutt", "mutt")
	l := serve(t)
	home := t.TempDir()
	reader := newTerminal(t, home, "mutt", "-n", "-F", l.muttrc(t, home, ben))
	reader.wait("Mutt: =INBOX", false)

	send := fmt.Sprintf("echo 'body by mutt' | mutt -n -F %s -s 'sent by mutt' -- %s", l.muttrc(t, home, anna), ben)
	client(t, home, "sh", "-c", send)
	reader.wait("sent by mutt", false)
	reader.keys("Enter")
	reader.wait("body by mutt", false)
	reader.keys("i", "F")
	reader.wait("!] sent by mutt", false)
	reader.keys("$")

	sent := l.run("", "export", "--account", anna, "--mailbox", "Sent", "--format", "mbox", "-")
	if strings.Count(sent, "Subject: sent by mutt") != 1 {
		t.Errorf("mutt's copy is not in Sent once:\n%s", sent)
	}
	reader.keys("d", "$")
	reader.wait("sent by mutt", true)
	if left := l.run("", "export", "--account", ben, "--mailbox", "INBOX", "--format", "mbox", "-"); strings.Contains(left, "sent by mutt") {
		t.Errorf("deleted in mutt, but still there:\n%s", left)
	}
}

// TestMuttCopiesByteForByte lets mutt save every message of a mailbox to a local
// Maildir.
func TestMuttCopiesByteForByte(t *testing.T) {
	t.Parallel()
	need(t, "mutt", "mutt")
	l := serve(t)
	home := t.TempDir()
	messages := corpus(t)
	l.run("", "import", "--account", ben, "--mailbox", "corpus", asMaildir(t, messages))
	saved := emptyMaildir(t)
	reader := newTerminal(t, home, "mutt", "-n", "-F", l.muttrc(t, home, ben), "-f", "=corpus")
	reader.wait("Mutt: =corpus", false)
	reader.keys("T", ".", "Enter", `\;`, "C", "C-u", saved, "Enter")
	waitFor(t, "mutt to save every message", func() bool {
		files, _ := filepath.Glob(filepath.Join(saved, "*", "*"))
		return len(files) == len(messages)
	})
	var want []string
	for _, raw := range messages {
		if hasPlainHeader(raw) {
			want = append(want, bodyOf(unixLines(raw)))
		}
	}
	if len(want) < len(messages)*9/10 {
		t.Errorf("only %d of %d messages are compared", len(want), len(messages))
	}
	left := map[string]int{}
	for _, raw := range readMaildir(t, saved) {
		left[bodyOf(raw)]++
	}
	for _, body := range want {
		if left[body]--; left[body] < 0 {
			t.Errorf("a message was not saved as it was: %.200q", body)
		}
	}
}

// hasPlainHeader reports whether every line of the header is a field or goes on
// with one. At any other line mutt ends the header by itself.
func hasPlainHeader(raw []byte) bool {
	header, _, found := strings.Cut(unixLines(raw), "\n\n")
	return found && plainHeader.MatchString(header+"\n")
}

var plainHeader = regexp.MustCompile(`^([!-9;-~]+:.*\n([ \t].*\n)*)+$`)

// bodyOf leaves the header out: mutt adds Status lines and drops some.
func bodyOf(message string) string {
	_, body, _ := strings.Cut(message, "\n\n")
	return strings.TrimRight(body, "\n")
}
