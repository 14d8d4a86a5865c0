package appliance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"letterbox/database"
	"letterbox/directory"
	"letterbox/imapd"
	"letterbox/internal/fault"
	"letterbox/store"
	"letterbox/store/blob"
)

// brokenIMAP serves anna's mail from storage that a plan breaks, and returns a
// client of hers with INBOX selected.
func brokenIMAP(t *testing.T, plan *fault.Plan) *imapclient.Client {
	t.Helper()
	ctx, dir := t.Context(), t.TempDir()
	db, err := database.Open(ctx, filepath.Join(dir, "letterbox.db"), database.Options{VFS: plan.VFS(t)})
	must(t, err)
	t.Cleanup(func() { db.Close() })
	blobs, err := blob.Open(filepath.Join(dir, "blobs"), blob.Options{FS: plan.FS()})
	must(t, err)
	t.Cleanup(func() { blobs.Close() })
	mail, err := store.Open(ctx, store.Options{DB: db, Blobs: blobs, Spool: filepath.Join(dir, "spool")})
	must(t, err)
	t.Cleanup(func() { mail.Close() })
	people, err := directory.Open(ctx, directory.Options{DB: db})
	must(t, err)
	_, err = people.AddDomain(ctx, "example.org")
	must(t, err)
	user, err := people.AddUser(ctx, annaAddress, "", annaPassword)
	must(t, err)
	must(t, mail.EnsureAccount(ctx, store.AccountID(user.ID)))

	server := imapd.New(imapd.Config{Store: mail, Directory: people, Log: slog.New(slog.DiscardHandler), PlaintextLoopback: true})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	serving, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(serving, ln) }()
	t.Cleanup(func() {
		stop()
		must(t, <-ended)
	})
	c, err := imapclient.DialInsecure(ln.Addr().String(), nil)
	must(t, err)
	t.Cleanup(func() { c.Close() })
	must(t, c.Login(annaAddress, annaPassword).Wait())
	_, err = c.Select("INBOX", nil).Wait()
	must(t, err)
	return c
}

// appendLetter appends a message with a flag that the mailbox may not know yet.
func appendLetter(c *imapclient.Client, n int) error {
	letter := fmt.Sprintf("Subject: number <%d>\r\n\r\nHello.\r\n", n)
	cmd := c.Append("INBOX", int64(len(letter)), &imap.AppendOptions{Flags: []imap.Flag{imap.Flag(fmt.Sprintf("$Flag%d", n%30))}})
	_, err := cmd.Write([]byte(letter))
	closed := cmd.Close()
	_, waited := cmd.Wait()
	return errors.Join(err, closed, waited)
}

// TestStorageFails breaks every step of an APPEND once, in every way. Either the
// client hears OK and the message is there once, or it hears NO and why, stays
// connected, and then it works without anybody's help.
func TestStorageFails(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]fault.Kind{"fail": fault.Fail, "tear": fault.Tear, "full": fault.Full} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan := new(fault.Plan)
			c := brokenIMAP(t, plan)
			refused, n := 0, 0
			for reached := true; reached; n++ {
				plan.Break(kind, n)
				err := appendLetter(c, n)
				reached = plan.Tripped()
				plan.Mend()
				if err == nil {
					continue
				}
				refused++
				var answer *imap.Error
				if !errors.As(err, &answer) || answer.Type != imap.StatusResponseTypeNo || answer.Text == "" {
					t.Fatalf("step %d: %v", n, err)
				}
				if kind == fault.Full && !strings.Contains(answer.Text, "disk is full") {
					t.Errorf("step %d: a full disk is not called so: %v", n, err)
				}
				if err := appendLetter(c, n); err != nil {
					t.Fatalf("step %d, when all was well again: %v", n, err)
				}
			}
			if refused == 0 {
				t.Error("nothing was refused")
			}
			for i := range n {
				found, err := c.UIDSearch(&imap.SearchCriteria{Header: []imap.SearchCriteriaHeaderField{
					{Key: "Subject", Value: fmt.Sprintf("<%d>", i)}}}, nil).Wait()
				must(t, err)
				if len(found.AllUIDs()) != 1 {
					t.Errorf("message %d is there %d times", i, len(found.AllUIDs()))
				}
			}
		})
	}
}
