package backup

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
	"letterbox/directory"
	"letterbox/store"
	"letterbox/store/blob"
)

// A house is an appliance as far as snapshots go: a data folder, open.
type house struct {
	folder    string
	db        *database.DB
	blobs     *blob.Store
	store     *store.Store
	directory *directory.Directory
	keeper    *Keeper
	sent      int
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// openHouse opens or makes one.
func openHouse(t testing.TB, folder string, o blob.Options) *house {
	t.Helper()
	h := &house{folder: folder}
	must(t, h.open(context.Background(), o))
	t.Cleanup(func() { h.close() })
	return h
}

func (h *house) open(ctx context.Context, o blob.Options) (err error) {
	if err := os.MkdirAll(filepath.Join(h.folder, "spool"), 0o700); err != nil {
		return err
	}
	if h.db, err = database.Open(ctx, filepath.Join(h.folder, databasePath), database.Options{}); err != nil {
		return err
	}
	if h.blobs, err = blob.Open(filepath.Join(h.folder, blobFolder), o); err != nil {
		return err
	}
	if h.directory, err = directory.Open(ctx, directory.Options{DB: h.db}); err != nil {
		return err
	}
	h.store, err = store.Open(ctx, store.Options{DB: h.db, Blobs: h.blobs, Spool: filepath.Join(h.folder, "spool")})
	if err != nil {
		return err
	}
	h.keeper = NewKeeper(Source{Folder: h.folder, DB: h.db, Blobs: h.blobs, Host: "mail.example.org", Program: "test"}, nil)
	return nil
}

func (h *house) close() {
	if h.store == nil {
		return
	}
	h.store.Close()
	h.blobs.Close()
	h.db.Close()
	h.store = nil
}

// newHouse makes one with a user, anna@letterbox.example.
func newHouse(t testing.TB) *house {
	t.Helper()
	h := openHouse(t, filepath.Join(t.TempDir(), "data"), blob.Options{MaxPack: 1 << 20})
	_, err := h.directory.AddDomain(t.Context(), "letterbox.example")
	must(t, err)
	user, err := h.directory.AddUser(t.Context(), annaAddress, "Anna", "correct horse battery staple")
	must(t, err)
	if user.ID != int64(anna) {
		t.Fatalf("the first user has id %d", user.ID)
	}
	must(t, h.store.EnsureAccount(t.Context(), anna))
	must(t, os.MkdirAll(filepath.Join(h.folder, "tls"), 0o700))
	must(t, os.WriteFile(filepath.Join(h.folder, "tls", "key.pem"), []byte("the private key"), 0o600))
	must(t, os.WriteFile(filepath.Join(h.folder, configFile), []byte("hostname = \"mail.example.org\"\n"), 0o600))
	return h
}

const (
	anna        store.AccountID = 1
	annaAddress                 = "anna@letterbox.example"
)

// letter makes the nth message: what it says does not compress to nothing.
func letter(n int) []byte {
	random := rand.New(rand.NewPCG(uint64(n), 7))
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: ben@example.org\r\nSubject: Letter %d\r\nMessage-ID: <%d@example.org>\r\n\r\n", n, n)
	for range 20 + random.IntN(60) {
		fmt.Fprintf(&b, "%x walrus\r\n", random.Uint64())
	}
	return b.Bytes()
}

// receive puts the next n messages into a folder.
func (h *house) receive(t testing.TB, mailbox string, n int) {
	t.Helper()
	must(t, h.deliver(t.Context(), mailbox, n))
}

func (h *house) deliver(ctx context.Context, mailbox string, n int) error {
	box, err := h.store.Mailbox(ctx, anna, mailbox)
	if err != nil {
		return err
	}
	for n > 0 {
		var batch store.Batch
		for range min(n, 50) {
			h.sent++
			batch.Messages = append(batch.Messages, store.NewMessage{
				Mailbox: box.ID, Raw: letter(h.sent), Prefix: []byte("Delivered-To: " + annaAddress + "\r\n"),
				Flags: []imap.Flag{imap.FlagSeen}, Received: time.Unix(1_700_000_000+int64(h.sent), 0),
			})
			n--
		}
		if _, err := h.store.Append(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// empty expunges every message of a folder but the first few.
func (h *house) empty(t testing.TB, mailbox string) {
	t.Helper()
	box, err := h.store.Mailbox(t.Context(), anna, mailbox)
	must(t, err)
	var set imap.UIDSet
	set.AddRange(10, 0)
	_, err = h.store.SetFlags(t.Context(), box.ID, set, store.FlagChange{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}})
	must(t, err)
	_, _, err = h.store.Expunge(t.Context(), box.ID, nil)
	must(t, err)
}

// mail reads all messages of anna's, by folder and uid.
func (h *house) mail(t testing.TB) map[string]string {
	t.Helper()
	all := map[string]string{}
	boxes, _, err := h.store.Mailboxes(t.Context(), anna)
	must(t, err)
	for _, box := range boxes {
		var set imap.UIDSet
		set.AddRange(1, 0)
		err := h.store.Rows(t.Context(), box.ID, set, store.WithBody, func(row *store.Row) error {
			key := fmt.Sprintf("%s/%d", box.Name, row.UID)
			body, err := h.store.OpenRow(t.Context(), row)
			if err != nil {
				all[key] = "lost"
				return nil
			}
			defer body.Close()
			var b bytes.Buffer
			if _, err := body.WriteTo(&b); err != nil {
				all[key] = "lost"
				return nil
			}
			all[key] = b.String()
			return nil
		})
		must(t, err)
	}
	return all
}

func folderTarget(t testing.TB) *Folder {
	t.Helper()
	f, err := OpenFolder(filepath.Join(t.TempDir(), "snapshots"))
	must(t, err)
	return f
}

func take(t testing.TB, h *house, target Target) Result {
	t.Helper()
	result, err := h.keeper.Take(t.Context(), target, false)
	must(t, err)
	return result
}

// restored restores a snapshot to a new folder and opens it.
func restored(t testing.TB, target Target, id ID, unlock Unlock) (*house, Restored) {
	t.Helper()
	repo, err := Open(t.Context(), target, unlock)
	must(t, err)
	folder := filepath.Join(t.TempDir(), "restored")
	out, err := repo.Restore(t.Context(), id, folder, RestoreOptions{})
	must(t, err)
	return openHouse(t, folder, blob.Options{}), out
}
