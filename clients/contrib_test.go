package clients

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestFail2ban: the filter finds in the program's own log those who try
// passwords, and nobody else.
func TestFail2ban(t *testing.T) {
	t.Parallel()
	need(t, "curl", "curl")
	need(t, "fail2ban-regex", "fail2ban")
	l := serve(t)
	imap := fmt.Sprintf("imaps://localhost:%d/INBOX", l.imaps)
	smtp := fmt.Sprintf("smtps://localhost:%d", l.submission)
	for _, try := range [][]string{
		{imap, "--user", anna + ":guess"},
		{imap, "--user", "nobody@letterbox.example:guess"},
		{smtp, "--user", ben + ":guess", "--mail-from", ben, "--mail-rcpt", anna, "--upload-file", "/dev/null"},
	} {
		if out, err := exec.Command("curl", append(try, "-sS", "--cacert", l.certFile)...).CombinedOutput(); err == nil {
			t.Fatalf("%v was let in: %s", try, out)
		}
	}
	client(t, t.TempDir(), "curl", "-sS", "--cacert", l.certFile, "--user", anna+":"+password, imap)

	log := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(log, []byte(l.output.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	said := client(t, t.TempDir(), "fail2ban-regex", log, "../contrib/fail2ban/filter.d/letterbox.conf")
	lines := regexp.MustCompile(`Lines: (\d+) lines, 0 ignored, 3 matched, (\d+) missed`)
	if !lines.MatchString(said) || strings.Contains(said, "Lines: 3 lines") {
		t.Errorf("three tries are to be found among other lines:\n%s\n%s", said, l.output.String())
	}
	journal := "Nov 25 01:37:15 mail letterbox[123]: " + `time=2026-11-25T01:37:15.673Z level=INFO msg="sign-in refused" ` +
		`server=imap session=1 remote=2001:db8::1 mechanism=PLAIN reason="wrong user name or password"`
	if said := client(t, t.TempDir(), "fail2ban-regex", journal, "../contrib/fail2ban/filter.d/letterbox.conf"); !strings.Contains(said, "1 matched") {
		t.Errorf("a line of the journal is not found:\n%s", said)
	}
}

// TestAlerts has promtool check and play the rules.
func TestAlerts(t *testing.T) {
	t.Parallel()
	need(t, "promtool", "prometheus")
	client(t, t.TempDir(), "promtool", "check", "rules", "../contrib/prometheus/letterbox.rules.yml")
	client(t, t.TempDir(), "promtool", "test", "rules", "../contrib/prometheus/letterbox.rules_test.yml")
}

// TestMetricsExist: the rules and the dashboard ask for nothing that the program
// does not have once something has happened.
func TestMetricsExist(t *testing.T) {
	t.Parallel()
	need(t, "curl", "curl")
	l := serve(t)
	letter := filepath.Join(t.TempDir(), "letter.eml")
	if err := os.WriteFile(letter, sample("counted"), 0o600); err != nil {
		t.Fatal(err)
	}
	smtp := []string{"-sS", "--cacert", l.certFile, "--user", anna + ":" + password, "--upload-file", letter, "--mail-from", anna,
		fmt.Sprintf("smtps://localhost:%d", l.submission), "--mail-rcpt"}
	client(t, t.TempDir(), "curl", append(smtp, ben)...)
	if out, err := exec.Command("curl", append(smtp, "nobody@letterbox.example")...).CombinedOutput(); err == nil {
		t.Fatalf("there is a nobody: %s", out)
	}
	client(t, t.TempDir(), "curl", "-sS", "--cacert", l.certFile, "--user", anna+":"+password, fmt.Sprintf("imaps://localhost:%d/INBOX", l.imaps))
	known := page(t, fmt.Sprintf("http://127.0.0.1:%d/metrics", l.metrics))

	for _, file := range []string{"../contrib/prometheus/letterbox.rules.yml", "../contrib/grafana/letterbox.json"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		names := regexp.MustCompile(`letterbox_[a-z_]+`).FindAllString(string(text), -1)
		if len(names) < 4 {
			t.Errorf("%s names %d metrics", file, len(names))
		}
		for _, name := range names {
			if !strings.Contains(known, "\n"+name+"{") && !strings.Contains(known, "\n"+name+" ") {
				t.Errorf("%s: there is no %s", file, name)
			}
		}
	}
}
