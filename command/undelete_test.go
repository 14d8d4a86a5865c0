package command

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"letterbox/appliance"
	"letterbox/control"
	"letterbox/store"
)

// TestUndelete lists and brings back what a mail client expunged.
func TestUndelete(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run := func(stdin string, status int, args ...string) string {
		t.Helper()
		var out bytes.Buffer
		stdio := control.Stdio{In: strings.NewReader(stdin), Out: &out, Err: &out}
		if got := Main(t.Context(), append([]string{"--data", dir}, args...), stdio); got != status {
			t.Fatalf("letterbox %v: status %d, want %d\n%s", args, got, status, out.String())
		}
		return out.String()
	}
	run("", 0, "domain", "add", "example.org")
	run("correct horse battery staple\n", 0, "user", "add", "anna@example.org")
	if out := run("", 0, "undelete", "list", "anna@example.org"); !strings.Contains(out, "Nothing") {
		t.Errorf("of an empty account: %s", out)
	}
	expungeOne(t, dir, "From: =?utf-8?q?J=C3=BCrgen?= <j@example.net>\r\nSubject: a\x1b[2Jb\r\n\r\nHello\r\n")
	out := run("", 0, "undelete", "list", "anna@example.org")
	if !strings.Contains(out, "Jürgen") || !strings.Contains(out, "a [2Jb") || strings.Contains(out, "\x1b") {
		t.Errorf("listed as %q", out)
	}
	run("", 1, "undelete", "restore", "anna@example.org")
	if out := run("", 0, "undelete", "restore", "anna@example.org", "--all"); out != "1 message brought back to INBOX.\n" {
		t.Errorf("restored: %q", out)
	}
	if out := run("", 0, "mailbox", "list", "anna@example.org"); !strings.Contains(out, "INBOX    1 ") {
		t.Errorf("not in INBOX:\n%s", out)
	}
}

// expungeOne puts a message into INBOX and takes it out for good.
func expungeOne(t *testing.T, dir, raw string) {
	t.Helper()
	config, err := appliance.Load(dir, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	d, err := appliance.OpenData(t.Context(), config, slog.New(slog.DiscardHandler), true)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	account, err := accountOf(t.Context(), d, "anna@example.org")
	if err != nil {
		t.Fatal(err)
	}
	box, err := d.Store.Mailbox(t.Context(), account, "INBOX")
	if err != nil {
		t.Fatal(err)
	}
	m := store.NewMessage{Mailbox: box.ID, Raw: []byte(raw), Flags: []imap.Flag{imap.FlagDeleted}}
	if _, err := d.Store.Append(t.Context(), store.Batch{Messages: []store.NewMessage{m}}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.Store.Expunge(t.Context(), box.ID, nil); err != nil {
		t.Fatal(err)
	}
}
