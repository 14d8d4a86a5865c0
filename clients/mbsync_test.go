package clients

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const mbsyncConfig = `IMAPAccount letterbox
Host localhost
Port %d
User %s
Pass "%s"
SSLType IMAPS
SystemCertificates no
CertificateFile %s

IMAPStore far
Account letterbox

MaildirStore near
Path %s/
Inbox %s/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Expunge Both
SyncState *
`

// TestMbsync pulls everything, compares it byte for byte, then changes things on
// both sides and synchronises again.
func TestMbsync(t *testing.T) {
	t.Parallel()
	need(t, "mbsync", "isync")
	l := serve(t)
	home, mail := t.TempDir(), t.TempDir()
	messages := corpus(t)
	mboxFile := filepath.Join(home, "corpus.mbox")
	if err := os.WriteFile(mboxFile, asMbox(messages), 0o600); err != nil {
		t.Fatal(err)
	}
	l.run("", "import", "--account", ben, "--mailbox", "corpus", mboxFile)

	config := filepath.Join(home, ".mbsyncrc")
	if err := os.WriteFile(config, fmt.Appendf(nil, mbsyncConfig, l.imaps, ben, password, l.certFile, mail, mail), 0o600); err != nil {
		t.Fatal(err)
	}
	sync := func() { client(t, home, "mbsync", "-c", config, "-q", "all") }
	sync()

	pulled := readMaildir(t, filepath.Join(mail, "corpus"))
	for i, message := range pulled {
		pulled[i] = tuid.ReplaceAllString(message, "")
	}
	want := make([]string, len(messages))
	for i, raw := range messages {
		header, body, _ := strings.Cut(unixLines(raw), "\n\n")
		want[i] = mboxFields.ReplaceAllString(header+"\n", "") + "\n" + body
		if !strings.HasSuffix(want[i], "\n") {
			want[i] += "\n" // the mbox has it
		}
	}
	slices.Sort(pulled)
	slices.Sort(want)
	if !slices.Equal(pulled, want) {
		t.Errorf("pulled %d messages, want %d, or some differ", len(pulled), len(want))
	}

	near := filepath.Join(mail, "INBOX", "new", "1.host:2,")
	near = strings.TrimSuffix(near, ":2,")
	if err := os.WriteFile(near, []byte(unixLines(sample("pushed"))), 0o600); err != nil {
		t.Fatal(err)
	}
	sync()
	exported := l.run("", "export", "--account", ben, "--mailbox", "INBOX", "--format", "mbox", "-")
	if strings.Count(exported, "Subject: pushed") != 1 {
		t.Errorf("the message put into the Maildir did not arrive once:\n%s", exported)
	}

	victims, _ := filepath.Glob(filepath.Join(mail, "corpus", "cur", "*"))
	renamed := strings.TrimSuffix(victims[0], "S") + "FT"
	if err := os.Rename(victims[0], renamed); err != nil {
		t.Fatal(err)
	}
	sync()
	if left := len(readMaildir(t, filepath.Join(mail, "corpus"))); left != len(messages)-1 {
		t.Errorf("%d messages after deleting one, want %d", left, len(messages)-1)
	}
}

// tuid is the header line that mbsync marks new messages with.
var tuid = regexp.MustCompile(`(?m)^X-TUID: .*\n`)

// mboxFields are where an mbox keeps flags: importing one turns them into flags.
var mboxFields = regexp.MustCompile(`(?mi)^(status|x-status|x-keywords|x-mozilla-status2?|x-mozilla-keys):.*\n([ \t].*\n)*`)

func unixLines(raw []byte) string { return strings.ReplaceAll(string(raw), "\r\n", "\n") }

// asMbox writes messages as mboxrd.
func asMbox(messages [][]byte) []byte {
	var b bytes.Buffer
	for _, raw := range messages {
		b.WriteString("From someone@letterbox.example Mon Nov 23 10:00:00 2026\n")
		for line := range strings.Lines(unixLines(raw)) {
			if strings.HasPrefix(strings.TrimLeft(line, ">"), "From ") {
				b.WriteByte('>')
			}
			b.WriteString(line)
		}
		if !bytes.HasSuffix(raw, []byte("\n")) {
			b.WriteByte('\n')
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

func readMaildir(t *testing.T, dir string) (messages []string) {
	t.Helper()
	for _, sub := range []string{"cur", "new"} {
		files, _ := filepath.Glob(filepath.Join(dir, sub, "*"))
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			messages = append(messages, unixLines(raw))
		}
	}
	return messages
}
