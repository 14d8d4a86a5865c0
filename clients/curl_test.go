package clients

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCurl sends with curl, finds, reads and appends with curl.
func TestCurl(t *testing.T) {
	t.Parallel()
	need(t, "curl", "curl")
	l := serve(t)
	home := t.TempDir()
	imap := fmt.Sprintf("imaps://localhost:%d", l.imaps)
	curl := func(user string, args ...string) string {
		return client(t, home, "curl", append([]string{"-sS", "--cacert", l.certFile, "--user", user + ":" + password}, args...)...)
	}
	letter := filepath.Join(home, "letter.eml")
	if err := os.WriteFile(letter, sample("by curl"), 0o600); err != nil {
		t.Fatal(err)
	}

	curl(anna, fmt.Sprintf("smtps://localhost:%d", l.submission), "--mail-from", anna, "--mail-rcpt", ben, "--upload-file", letter)
	if got := curl(ben, imap+"/INBOX?SUBJECT%20curl"); strings.TrimSpace(got) != "* SEARCH 1" {
		t.Errorf("search found %q", got)
	}
	if got := curl(ben, imap+"/INBOX;UID=1"); !strings.HasSuffix(got, string(sample("by curl"))) {
		t.Errorf("what arrived does not end with what was sent:\n%s", got)
	}
	if got := curl(ben, imap+"/INBOX;UID=1;SECTION=TEXT"); !strings.HasPrefix(got, "Grüße") {
		t.Errorf("text is %q", got)
	}

	for i, raw := range corpus(t)[:100:100] {
		file := filepath.Join(home, "one.eml")
		if err := os.WriteFile(file, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		curl(ben, imap+"/Archive", "--upload-file", file)
		if got := curl(ben, fmt.Sprintf("%s/Archive;UID=%d", imap, i+1)); got != string(raw) {
			t.Fatalf("message %d came back changed: %d bytes, want %d", i, len(got), len(raw))
		}
	}
}
