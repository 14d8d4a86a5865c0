package clients

import (
	"fmt"
	"strings"
	"testing"
)

// TestPerl lets Mail::IMAPClient list, read, append, search and move.
func TestPerl(t *testing.T) {
	t.Parallel()
	needPackage(t, "/usr/share/perl5/Mail/IMAPClient.pm", "libmail-imapclient-perl")
	l := serve(t)
	c := l.signIn(t, ben)
	add(t, c, "INBOX", sample("first"), sample("second"))
	out := client(t, t.TempDir(), "perl", "testdata/imapclient.pl", fmt.Sprint(l.imaps), l.certFile, ben, password)
	if !strings.HasSuffix(strings.TrimSpace(out), "all is well") {
		t.Errorf("perl said:\n%s", out)
	}
	if n, _ := status(t, c, "Archive"); n != 1 {
		t.Errorf("%d messages in Archive, want the one that was moved", n)
	}
}
