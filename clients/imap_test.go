package clients

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// signIn connects as a user with go-imap's client, for what a test prepares and
// checks beside the client that it is about.
func (l *letterbox) signIn(t *testing.T, user string) *imapclient.Client {
	t.Helper()
	pem, err := os.ReadFile(l.certFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	c, err := imapclient.DialTLS(fmt.Sprintf("127.0.0.1:%d", l.imaps), &imapclient.Options{
		TLSConfig: &tls.Config{RootCAs: roots, ServerName: "localhost"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.Login(user, password).Wait(); err != nil {
		t.Fatal(err)
	}
	return c
}

// add puts messages into a mailbox.
func add(t *testing.T, c *imapclient.Client, mailbox string, messages ...[]byte) {
	t.Helper()
	for _, raw := range messages {
		cmd := c.Append(mailbox, int64(len(raw)), nil)
		_, writeErr := cmd.Write(raw)
		closeErr := cmd.Close()
		if _, err := cmd.Wait(); err != nil || writeErr != nil || closeErr != nil {
			t.Fatal(err, writeErr, closeErr)
		}
	}
}

// status asks for a mailbox's counts.
func status(t *testing.T, c *imapclient.Client, mailbox string) (messages, unseen uint32) {
	t.Helper()
	data, err := c.Status(mailbox, &imap.StatusOptions{NumMessages: true, NumUnseen: true}).Wait()
	if err != nil {
		t.Fatal(err)
	}
	return *data.NumMessages, *data.NumUnseen
}

// flagged counts the flagged messages in INBOX.
func flagged(t *testing.T, c *imapclient.Client) int {
	t.Helper()
	if _, err := c.Select("INBOX", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	found, err := c.Search(&imap.SearchCriteria{Flag: []imap.Flag{imap.FlagFlagged}}, nil).Wait()
	if err != nil {
		t.Fatal(err)
	}
	return len(found.AllSeqNums())
}

// remove expunges one message.
func remove(t *testing.T, c *imapclient.Client, mailbox string, uid imap.UID) {
	t.Helper()
	if _, err := c.Select(mailbox, nil).Wait(); err != nil {
		t.Fatal(err)
	}
	deleted := &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagDeleted}}
	if err := c.Store(imap.UIDSetNum(uid), deleted, nil).Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.UIDExpunge(imap.UIDSetNum(uid)).Close(); err != nil {
		t.Fatal(err)
	}
}
