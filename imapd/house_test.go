package imapd

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"log/slog"
	"math/big"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"letterbox/database"
	"letterbox/directory"
	"letterbox/store"
	"letterbox/store/blob"
	"letterbox/telemetry"
)

// A house is the real store and directory in a temporary folder, and a server
// once serve was called.
type house struct {
	store     *store.Store
	directory *directory.Directory
	telemetry *telemetry.Telemetry
	log       *slog.Logger
	dir       string
	later     atomic.Int64 // what the clock of those who watch is ahead, in nanoseconds

	plain, private string // addresses of the listeners
	cancel         func()
	running        sync.WaitGroup
}

// newHouse makes a house where anna lives.
func newHouse(t testing.TB) *house {
	t.Helper()
	ctx, dir := t.Context(), t.TempDir()
	h := &house{dir: dir, log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))}
	h.telemetry = telemetry.NewAt(func() time.Time { return time.Now().Add(time.Duration(h.later.Load())) })
	db, err := database.Open(ctx, filepath.Join(dir, "letterbox.db"), database.Options{Log: h.log})
	check(t, err)
	blobs, err := blob.Open(filepath.Join(dir, "blobs"), blob.Options{Log: h.log})
	check(t, err)
	h.store, err = store.Open(ctx, store.Options{DB: db, Blobs: blobs, Spool: filepath.Join(dir, "spool"), Log: h.log})
	check(t, err)
	h.directory, err = directory.Open(ctx, directory.Options{DB: db, Log: h.log, WrongPassword: h.telemetry.Habits().WrongPassword})
	check(t, err)
	t.Cleanup(func() {
		h.stop()
		check(t, h.store.Close())
		check(t, blobs.Close())
		check(t, db.Close())
	})
	_, err = h.directory.AddDomain(ctx, "example.org")
	check(t, err)
	h.user(t, annaAddress, annaPassword)
	return h
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// serve starts a server, unless one runs, and returns its addresses.
func (h *house) serve(t testing.TB, cfg Config) (plain, private string) {
	t.Helper()
	if h.cancel != nil {
		return h.plain, h.private
	}
	cfg.Store, cfg.Directory, cfg.Telemetry, cfg.Log = h.store, h.directory, h.telemetry, h.log
	cfg.TLS = &tls.Config{Certificates: []tls.Certificate{selfSigned()}}
	ctx, cancel := context.WithCancel(context.Background())
	h.cancel = cancel
	srv := New(cfg)
	h.plain = h.listen(t, func(ln net.Listener) error { return srv.Serve(ctx, ln) })
	h.private = h.listen(t, func(ln net.Listener) error { return srv.ServeTLS(ctx, ln) })
	return h.plain, h.private
}

func (h *house) listen(t testing.TB, serve func(net.Listener) error) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	h.running.Go(func() {
		if err := serve(ln); err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return ln.Addr().String()
}

// stop drains the server, if one runs.
func (h *house) stop() {
	if h.cancel != nil {
		h.cancel()
		h.running.Wait()
		h.cancel = nil
	}
}

// user makes a user with an account.
func (h *house) user(t testing.TB, address, password string) {
	t.Helper()
	user, err := h.directory.AddUser(t.Context(), address, "", password)
	check(t, err)
	check(t, h.store.EnsureAccount(t.Context(), store.AccountID(user.ID)))
}

// account finds a user's account.
func (h *house) account(t testing.TB, address string) store.AccountID {
	t.Helper()
	user, err := h.directory.User(t.Context(), address)
	check(t, err)
	return store.AccountID(user.ID)
}

// box finds a mailbox.
func (h *house) box(t testing.TB, address, name string) store.MailboxID {
	t.Helper()
	m, err := h.store.Mailbox(t.Context(), h.account(t, address), name)
	check(t, err)
	return m.ID
}

// message appends a message.
func (h *house) message(t testing.TB, address, mailbox string, m store.NewMessage) store.Added {
	t.Helper()
	box, err := h.store.Mailbox(t.Context(), h.account(t, address), mailbox)
	check(t, err)
	m.Mailbox = box.ID
	added, err := h.store.Append(t.Context(), store.Batch{Messages: []store.NewMessage{m}})
	check(t, err)
	return added[0]
}

// selfSigned makes the certificate of the tests, once.
var selfSigned = sync.OnceValue(func() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "localhost"},
		NotAfter:     time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
})
