package clients

import (
	"fmt"
	"net/smtp"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// A small machine gives the program 64 MB, of which Go's heap gets half (see
// LimitMemory of package appliance). The program's own code takes some of the
// rest; it is read from the file again when memory is short, and counts for what
// it needs at once.
const (
	smallHeap = "GOMEMLIMIT=30MiB"
	smallMost = 64 - 8 // MiB beside the code
)

// TestSmallMachine: ten people with four devices each, who sign in at once, get
// mail, search and fetch it, and wait, are served in 64 MB.
func TestSmallMachine(t *testing.T) {
	t.Parallel()
	l := newLetterbox(t)
	l.env = []string{smallHeap}
	var people []string
	for i := range 10 {
		people = append(people, fmt.Sprintf("person%d@letterbox.example", i))
		l.run(password+"\n", "user", "add", people[i])
	}
	l.start(t)
	l.saveCertificate()

	var all sync.WaitGroup
	for _, who := range people {
		all.Go(func() {
			letter := []byte("From: " + who + "\r\nSubject: many words\r\n\r\n" + strings.Repeat("Some words that fill a line, as people do.\r\n", 5000))
			for range 5 {
				if err := l.submit(who, who, letter); err != nil {
					t.Error(err)
					return
				}
			}
			for range 4 {
				if err := l.read(who); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if peak := l.peak(t); peak > smallMost {
		t.Errorf("it took %d MiB, more than %d", peak, smallMost)
	} else {
		t.Logf("it took %d MiB at most", peak)
	}
}

// submit sends a message over TLS.
func (l *letterbox) submit(from, to string, letter []byte) error {
	conn, err := l.dialTLS(l.submission)
	if err != nil {
		return err
	}
	defer conn.Close()
	client, err := smtp.NewClient(conn, "localhost")
	if err != nil {
		return err
	}
	if err := client.Auth(smtp.PlainAuth("", from, password, "localhost")); err != nil {
		return err
	}
	if err := client.Mail(from); err != nil {
		return err
	}
	if err := client.Rcpt(to); err != nil {
		return err
	}
	body, err := client.Data()
	if err != nil {
		return err
	}
	if _, err := body.Write(letter); err != nil {
		return err
	}
	return body.Close()
}

// read does what a device does, and stays connected until the test ends.
func (l *letterbox) read(who string) error {
	conn, err := l.dialTLS(l.imaps)
	if err != nil {
		return err
	}
	l.t.Cleanup(func() { conn.Close() })
	client := imapclient.New(conn, nil)
	if err := client.Login(who, password).Wait(); err != nil {
		return err
	}
	selected, err := client.Select("INBOX", nil).Wait()
	if err != nil {
		return err
	}
	if selected.NumMessages != 5 {
		return fmt.Errorf("%s has %d messages", who, selected.NumMessages)
	}
	found, err := client.UIDSearch(&imap.SearchCriteria{Text: []string{"words that fill"}}, nil).Wait()
	if err != nil {
		return err
	}
	letters, err := client.Fetch(found.All, &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{{Peek: true}}}).Collect()
	if err != nil {
		return err
	}
	if len(letters) != 5 {
		return fmt.Errorf("%s finds %d messages", who, len(letters))
	}
	return nil
}

// peak is the most memory that the program ever had beside its code, in MiB.
func (l *letterbox) peak(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", l.process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	kb := func(name string) int {
		found := regexp.MustCompile(name + `:\s+(\d+) kB`).FindSubmatch(status)
		if found == nil {
			t.Fatalf("no %s in %s", name, status)
		}
		n, err := strconv.Atoi(string(found[1]))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	return (kb("VmHWM") - kb("RssFile")) / 1024
}
