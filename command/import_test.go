package command

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	"letterbox/control"
)

// letterbox runs a command line in this process.
func letterbox(t *testing.T, ctx context.Context, in io.Reader, args ...string) (status int, out, warned string) {
	t.Helper()
	var stdout, stderr strings.Builder
	status = Main(ctx, args, control.Stdio{In: in, Out: &stdout, Err: &stderr})
	return status, stdout.String(), stderr.String()
}

// must is letterbox for commands that work.
func must(t *testing.T, in io.Reader, args ...string) string {
	t.Helper()
	status, out, warned := letterbox(t, t.Context(), in, args...)
	if status != statusOK {
		t.Fatalf("letterbox %s: status %d: %s", strings.Join(args, " "), status, warned)
	}
	return out
}

// withAnna makes a data folder with one user and returns the flag that names it.
func withAnna(t *testing.T) string {
	t.Helper()
	data := "--data=" + t.TempDir()
	must(t, nil, data, "domain", "add", "example.org")
	must(t, strings.NewReader("stamp-Ring-77-parcel\n"), data, "user", "add", "anna@example.org")
	return data
}

// mboxOf makes an mbox of different messages.
func mboxOf(from, to int) string {
	var b strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, "From a@example.org Mon Nov 23 10:00:00 2026\nSubject: %d\n\nbody %d\n\n", i, i)
	}
	return b.String()
}

// TestImportInterrupted interrupts an import that waits for more of its input:
// it says how far it came, that much is there, and run again it adds the rest.
func TestImportInterrupted(t *testing.T) {
	t.Parallel()
	data := withAnna(t)
	ctx, cancel := context.WithCancel(t.Context())
	in, feed := io.Pipe()
	defer in.Close()
	go func() {
		io.WriteString(feed, mboxOf(0, 3*importRows))
		io.WriteString(feed, "\n") // is taken when all before it was
		cancel()
	}()
	status, out, warned := letterbox(t, ctx, in, data, "import", "--account=anna@example.org", "-")
	told := regexp.MustCompile(`Stopped behind the message at byte \d+ of -: (\d+) messages imported`).FindStringSubmatch(warned)
	if status != statusFailed || out != "" || told == nil || !strings.Contains(warned, "interrupted") {
		t.Fatalf("status %d, said %q and %q", status, out, warned)
	}
	export := func() string {
		return must(t, nil, data, "export", "--account=anna@example.org", "--mailbox=INBOX", "-")
	}
	var kept int
	fmt.Sscan(told[1], &kept)
	if there := strings.Count(export(), "\nSubject: "); there != kept || kept < importRows {
		t.Errorf("%d messages are there, %d were told", there, kept)
	}
	out = must(t, strings.NewReader(mboxOf(0, 4*importRows)), data, "import", "--account=anna@example.org", "-")
	if want := fmt.Sprintf("%d messages imported, %d were there already.\n", 4*importRows-kept, kept); out != want {
		t.Errorf("run again: %q, want %q", out, want)
	}
	all := export()
	for i := range 4 * importRows {
		if n := strings.Count(all, fmt.Sprintf("\nSubject: %d\n", i)); n != 1 {
			t.Errorf("message %d is there %d times", i, n)
		}
	}
}

// TestImportTooManyKeywords: a message whose keywords have no room comes without
// them.
func TestImportTooManyKeywords(t *testing.T) {
	t.Parallel()
	data := withAnna(t)
	var mbox strings.Builder
	for i := range 70 {
		fmt.Fprintf(&mbox, "From a@example.org Mon Nov 23 10:00:00 2026\nStatus: R\nX-Keywords: word%d\n\nbody %d\n\n", i, i)
	}
	status, out, warned := letterbox(t, t.Context(), strings.NewReader(mbox.String()), data, "import", "--account=anna@example.org", "-")
	if status != statusOK || out != "70 messages imported.\n" || !strings.Contains(warned, "no room for the keywords [\\Seen word69]") {
		t.Errorf("status %d, said %q and %q", status, out, warned)
	}
	all := must(t, nil, data, "export", "--account=anna@example.org", "--mailbox=INBOX", "-")
	if n := strings.Count(all, "Status: RO"); n != 70 {
		t.Errorf("%d of 70 messages have their flag", n)
	}
}
