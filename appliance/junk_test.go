package appliance

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"letterbox/store"
)

// pills is mail that nobody wants, a little different each time.
func pills(n int) []byte {
	return fmt.Appendf(nil, "From: shop%d@pills.example\r\nTo: %s\r\nSubject: Cheap pills, order %[1]d\r\nMessage-ID: <%[1]d@pills.example>\r\n\r\n"+
		"Order your cheap pills today and save seventy percent. Our online pharmacy ships\r\n"+
		"worldwide without any prescription. Click http://pills.example/order to claim\r\n"+
		"your discount before the offer ends tonight. Satisfaction guaranteed, customer %[1]d.\r\n", n, annaAddress)
}

// moveAll moves everything between two folders, as a client does.
func moveAll(t *testing.T, c *imapclient.Client, from, to string) {
	t.Helper()
	if _, err := c.Select(from, nil).Wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Move(imap.SeqSet{{Start: 1}}, to).Wait(); err != nil {
		t.Fatal(err)
	}
}

// holds counts the messages of a folder.
func holds(t *testing.T, c *imapclient.Client, name string) uint32 {
	t.Helper()
	status, err := c.Status(name, &imap.StatusOptions{NumMessages: true}).Wait()
	if err != nil {
		t.Fatal(err)
	}
	return *status.NumMessages
}

// learned waits until nothing is left to learn.
func (r *running) learned(t *testing.T, want int) {
	t.Helper()
	user, err := r.data.Directory.User(t.Context(), annaAddress)
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		s, err := r.data.Junk.Status(t.Context(), store.AccountID(user.ID))
		if err != nil || time.Now().After(end) {
			t.Fatalf("learned %+v, %v; want %d lessons", s, err, want)
		}
		if s.Waiting == 0 && s.Junk+s.Wanted == want {
			return
		}
	}
}

// TestJunkEndToEnd moves mail to Junk by IMAP; then the like goes there by itself,
// and says why. What was moved back comes to the inbox again.
func TestJunkEndToEnd(t *testing.T) {
	t.Parallel()
	r := run(t)
	c := r.signIn(t, nil)
	out := r.sender(t)
	out.send(pills(1))
	if n := holds(t, c, "INBOX"); n != 1 {
		t.Fatalf("the first goes to the inbox; it holds %d", n)
	}
	moveAll(t, c, "INBOX", "Junk")
	r.learned(t, 1)
	out.send(pills(2))
	if in, junk := holds(t, c, "INBOX"), holds(t, c, "Junk"); in != 0 || junk != 2 {
		t.Fatalf("after one was moved to Junk, the next is not there: %d in the inbox, %d in Junk", in, junk)
	}
	if _, err := c.Select("Junk", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	section := &imap.FetchItemBodySection{Peek: true, Specifier: imap.PartSpecifierHeader}
	got, err := c.Fetch(imap.SeqSetNum(2), &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{section}}).Collect()
	if err != nil {
		t.Fatal(err)
	}
	if header := string(got[0].FindBodySection(section)); !strings.Contains(header, "X-Letterbox-Junk: yes; score=") || !strings.Contains(header, "alike=6.0") {
		t.Errorf("it does not say why: %s", header)
	}
	moveAll(t, c, "Junk", "INBOX")
	r.learned(t, 2)
	out.send(pills(2)) // the same sender, called wanted
	if in := holds(t, c, "INBOX"); in != 3 {
		t.Errorf("after it was moved back, it goes to Junk again: %d in the inbox", in)
	}
}
