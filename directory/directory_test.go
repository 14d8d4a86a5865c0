package directory

import (
	"context"
	"net/netip"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"letterbox/database"
)

// A clock stands still until it is told to move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// A house is a directory with domains home.example and office.example, and Ann
// (an admin) and Bob, who live at home.
type house struct {
	*Directory
	clock *clock
	path  string
}

const (
	ann, annsPassword = "ann@home.example", "correct horse 1"
	bob, bobsPassword = "bob@home.example", "battery staple 2"
)

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{clock: &clock{now: time.Unix(1_800_000_000, 0)}, path: filepath.Join(t.TempDir(), "letterbox.db")}
	h.Directory = openDirectory(t, h.path, h.clock)
	ctx := t.Context()
	for _, name := range []string{"home.example", "office.example"} {
		_, err := h.AddDomain(ctx, name)
		must(t, err)
	}
	_, err := h.AddUser(ctx, ann, "Ann", annsPassword)
	must(t, err)
	must(t, h.SetRole(ctx, ann, "admin"))
	_, err = h.AddUser(ctx, bob, "Bob", bobsPassword)
	must(t, err)
	return h
}

// openDirectory opens one with a password hash that costs next to nothing.
func openDirectory(t testing.TB, path string, clock *clock) *Directory {
	t.Helper()
	db, err := database.Open(t.Context(), path, database.Options{})
	must(t, err)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	d, err := Open(t.Context(), Options{DB: db, Now: clock.Now, Cost: Cost{Memory: 8, Passes: 1, Iterations: 4096}})
	must(t, err)
	return d
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// from is a peer at an address.
func from(address string) Peer {
	return Peer{Protocol: "imap", Remote: netip.MustParseAddr(address), TLS: true}
}

// signIn tries once and returns what came of it.
func (h *house) signIn(t testing.TB, address, username, password string) error {
	t.Helper()
	user, err := h.Authenticate(context.Background(), from(address), username, password)
	if (err == nil) != (user != nil) {
		t.Fatalf("user %v with error %v", user, err)
	}
	return err
}
