package smtpd

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
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
	"letterbox/delivery"
	"letterbox/directory"
	"letterbox/queue"
	"letterbox/quota"
	"letterbox/store"
	"letterbox/store/blob"
	"letterbox/telemetry"
	"letterbox/trace"
)

// A house is everything behind the servers in a temporary folder, and a server
// once serve was called.
type house struct {
	db        *database.DB
	store     *store.Store
	directory *directory.Directory
	queue     *queue.Queue
	telemetry *telemetry.Telemetry
	journal   *trace.Journal
	log       *slog.Logger

	doors   map[string]string // "mx", "submission", "submissions" to addresses
	cancel  func()
	running sync.WaitGroup
}

const (
	annaAddress  = "anna@example.org"
	annaPassword = "tulips in may"
)

// newHouse makes a house where anna and ben live.
func newHouse(t testing.TB) *house {
	t.Helper()
	return newHouseOn(t, database.Options{}, blob.Options{})
}

// newHouseOn is newHouse on storage of one's own.
func newHouseOn(t testing.TB, onDB database.Options, onBlobs blob.Options) *house {
	t.Helper()
	ctx, dir := t.Context(), t.TempDir()
	h := &house{telemetry: telemetry.New(), log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))}
	var err error
	h.db, err = database.Open(ctx, filepath.Join(dir, "letterbox.db"), onDB)
	check(t, err)
	blobs, err := blob.Open(filepath.Join(dir, "blobs"), onBlobs)
	check(t, err)
	h.store, err = store.Open(ctx, store.Options{DB: h.db, Blobs: blobs, Spool: filepath.Join(dir, "spool"), Log: h.log})
	check(t, err)
	h.directory, err = directory.Open(ctx, directory.Options{DB: h.db, Log: h.log, Cost: directory.Cost{Memory: 64, Passes: 1, Iterations: 4096}})
	check(t, err)
	h.journal, err = trace.Open(ctx, filepath.Join(dir, "trace.db"), trace.Options{Log: h.log})
	check(t, err)
	h.queue = &queue.Queue{DB: h.db, Store: h.store, Log: h.log, Delivery: &delivery.Delivery{
		Hostname: "mx.example.org", Store: h.store, Directory: h.directory, Telemetry: h.telemetry, Journal: h.journal, Log: h.log,
	}}
	t.Cleanup(func() {
		h.stop()
		check(t, h.journal.Close())
		check(t, h.store.Close())
		check(t, blobs.Close())
		check(t, h.db.Close())
	})
	_, err = h.directory.AddDomain(ctx, "example.org")
	check(t, err)
	h.user(t, annaAddress, annaPassword)
	h.user(t, "ben@example.org", "roses in june")
	return h
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// serve starts a server, unless one runs, and returns where its doors are.
func (h *house) serve(t testing.TB, cfg Config) map[string]string {
	t.Helper()
	if h.cancel != nil {
		return h.doors
	}
	srv := h.server(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	h.cancel = cancel
	h.doors = map[string]string{
		"mx":          h.listen(t, func(ln net.Listener) error { return srv.ServeMX(ctx, ln) }),
		"submission":  h.listen(t, func(ln net.Listener) error { return srv.ServeSubmission(ctx, ln) }),
		"submissions": h.listen(t, func(ln net.Listener) error { return srv.ServeSubmissions(ctx, ln) }),
	}
	return h.doors
}

// server makes a server that does not listen.
func (h *house) server(cfg Config) *Server {
	cfg.Store, cfg.Directory, cfg.Queue, cfg.Telemetry = h.store, h.directory, h.queue, h.telemetry
	cfg.Journal = h.journal
	cfg.Hostname = "mx.example.org"
	cfg.TLS = &tls.Config{Certificates: []tls.Certificate{selfSigned()}}
	if cfg.Log == nil {
		cfg.Log = h.log
	}
	return New(cfg)
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

// limit bounds the bytes that a user may have.
func (h *house) limit(t testing.TB, address string, bytes int64) {
	t.Helper()
	check(t, h.store.SetLimit(t.Context(), h.account(t, address), quota.Limit{Bytes: bytes}))
}

// messages returns what lies in a mailbox, the oldest first, whole.
func (h *house) messages(t testing.TB, address, mailbox string) []string {
	t.Helper()
	box, err := h.store.Mailbox(t.Context(), h.account(t, address), mailbox)
	check(t, err)
	var all []string
	everything := imap.UIDSet{{Start: 1, Stop: 0}}
	check(t, h.store.Rows(t.Context(), box.ID, everything, store.WithBody, func(row *store.Row) error {
		b, err := h.store.OpenRow(t.Context(), row)
		if err != nil {
			return err
		}
		defer b.Close()
		var whole strings.Builder
		_, err = b.WriteTo(&whole)
		all = append(all, whole.String())
		return err
	}))
	return all
}

// queued lists what is to leave, SENDER:RECIPIENT.
func (h *house) queued(t testing.TB) []string {
	t.Helper()
	items, err := h.queue.List(t.Context())
	check(t, err)
	var lines []string
	for _, item := range items {
		for address := range item.States {
			lines = append(lines, item.Sender+":"+address)
		}
	}
	slices.Sort(lines)
	return lines
}

// body takes the header lines off that delivery wrote.
func body(message string) string {
	for {
		line, rest, _ := strings.Cut(message, "\r\n")
		name, _, _ := strings.Cut(line, ":")
		switch {
		case name == "Return-Path", name == "Delivered-To", name == "Received", strings.HasPrefix(line, "\t"):
			message = rest
		default:
			return message
		}
	}
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
