package directory

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"letterbox/database"
)

// lockOut makes wrong guesses from a peer until it is slowed down.
func (h *house) lockOut(t testing.TB, peer, username string) {
	t.Helper()
	for i := range 1000 {
		var throttled *ThrottledError
		if errors.As(h.signIn(t, peer, username, fmt.Sprint("guess ", i)), &throttled) {
			return
		}
	}
	t.Fatal("never slowed down")
}

// Bob signed in at home, once. Guessing for Ann from his home, and for him from
// everywhere else, does not shut him out, also not after a restart.
func TestKnownPeerStaysOpen(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	must(t, h.signIn(t, "2001:db8::1", bob, bobsPassword))
	h.Directory = openDirectory(t, h.path, h.clock)

	h.lockOut(t, "2001:db8::2", ann)
	for i := range 30 {
		peer := fmt.Sprint("192.0.2.", i)
		for j := range 4 {
			h.signIn(t, peer, bob, fmt.Sprint("guess ", i, j))
		}
	}
	var throttled *ThrottledError
	if err := h.signIn(t, "198.51.100.1", bob, bobsPassword); !errors.As(err, &throttled) || throttled.RetryAfter <= 0 {
		t.Errorf("a new place while others guess: %v", err)
	}
	must(t, h.signIn(t, "2001:db8::ffff", bob, bobsPassword))
}

func TestThrottledPeerComputesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.lockOut(t, "192.0.2.66", bob)
	before := h.Stats().PasswordHashes
	for i := range 100 {
		h.signIn(t, "192.0.2.66", bob, fmt.Sprint("more ", i))
	}
	if n := h.Stats().PasswordHashes - before; n != 0 {
		t.Errorf("%d hashes", n)
	}
	var throttled *ThrottledError
	if err := h.signIn(t, "192.0.2.66", bob, bobsPassword); !errors.As(err, &throttled) {
		t.Errorf("the right password: %v", err)
	}
	h.clock.advance(throttled.RetryAfter)
	must(t, h.signIn(t, "192.0.2.66", bob, bobsPassword))
}

// A device with an old password costs one computation, and its owner none of
// their patience once the new one is typed in.
func TestStaleDevice(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	must(t, h.signIn(t, "192.0.2.1", bob, bobsPassword))
	must(t, h.SetPassword(t.Context(), bob, "entirely new 5"))
	before := h.Stats().PasswordHashes
	for range 500 {
		if err := h.signIn(t, "192.0.2.1", bob, bobsPassword); !errors.Is(err, ErrBadCredentials) {
			t.Fatal(err)
		}
		h.clock.advance(3 * time.Second)
	}
	if n := h.Stats().PasswordHashes - before; n != 1 {
		t.Errorf("%d hashes", n)
	}
	must(t, h.signIn(t, "192.0.2.1", bob, "entirely new 5"))
}

// What was a wrong password may become the right one.
func TestWrongPasswordMayBecomeRight(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	if err := h.signIn(t, "192.0.2.1", bob, "entirely new 5"); !errors.Is(err, ErrBadCredentials) {
		t.Fatal(err)
	}
	must(t, h.SetPassword(t.Context(), bob, "entirely new 5"))
	must(t, h.signIn(t, "192.0.2.1", bob, "entirely new 5"))
}

// A sign-in writes nothing, but once a day.
func TestSignInIsNoWrite(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	must(t, h.signIn(t, "192.0.2.1", bob, bobsPassword))
	before := h.db.Stats().Jobs
	for range 23 * 60 {
		must(t, h.signIn(t, "192.0.2.1", bob, bobsPassword))
		h.clock.advance(time.Minute)
	}
	if n := h.db.Stats().Jobs - before; n != 0 {
		t.Errorf("%d writes within a day", n)
	}
	h.clock.advance(time.Hour)
	must(t, h.signIn(t, "192.0.2.1", bob, bobsPassword))
	if n := h.db.Stats().Jobs - before; n != 1 {
		t.Errorf("%d writes on the next", n)
	}
}

// Several connections that came at once each think that they are the first.
func TestFirstSignInIsWrittenDownOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	k, err := h.knock(t.Context(), from("192.0.2.1"), bob)
	must(t, err)
	for range 3 {
		must(t, h.acquaint(t.Context(), k))
	}
	if lines := h.lines(t, "signin.ok"); len(lines) != 1 {
		t.Errorf("audit log: %q", lines)
	}
}

// A connection that waited for its turn looks again before it computes.
func TestWhoWaitedLooksAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var release []func()
	for range cap(h.hasher.slots) {
		done, err := h.hasher.slot(t.Context())
		must(t, err)
		release = append(release, done)
	}
	before := h.Stats().PasswordHashes
	result := make(chan error)
	for range 3 {
		go func() { result <- h.signIn(t, "192.0.2.1", bob, bobsPassword) }()
	}
	user, err := h.User(t.Context(), bob)
	must(t, err)
	h.verified.add(h.now(), h.verified.entry(user.ID, 1, bobsPassword))
	for _, done := range release {
		done()
	}
	for range 3 {
		must(t, <-result)
	}
	if n := h.Stats().PasswordHashes - before; n != 0 {
		t.Errorf("%d hashes", n)
	}
}

func TestKnownPeersAreForgotten(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	count := func() (n int) {
		must(t, h.db.Read(t.Context(), func(c *database.Conn) error {
			return c.QueryRow(`SELECT count(*) FROM known_peer`).Scan(&n)
		}))
		return n
	}
	for i := range maxKnownPeers + 20 {
		must(t, h.signIn(t, fmt.Sprintf("10.0.%d.%d", i/256, i%256), bob, bobsPassword))
		h.clock.advance(time.Second)
	}
	if n := count(); n != maxKnownPeers {
		t.Errorf("%d peers", n)
	}
	h.clock.advance(knownFor)
	must(t, h.signIn(t, "192.0.2.1", bob, bobsPassword))
	if n := count(); n != 1 {
		t.Errorf("%d peers after half a year", n)
	}
	h.clock.advance(knownFor)
	if k, err := h.knock(t.Context(), from("192.0.2.1"), bob); err != nil || k.visit.known {
		t.Errorf("still known: %v, %v", k.visit, err)
	}
}

// Many clients of several users at once, some of them wrong, while passwords
// change: who is right gets in, who is wrong does not, and one password is
// computed once, however many connections bring it.
func TestConcurrentSignIns(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	before := h.Stats().PasswordHashes
	var all sync.WaitGroup
	for i := range 60 {
		all.Go(func() {
			switch i % 4 {
			case 0, 1:
				if err := h.signIn(t, "192.0.2.1", ann, annsPassword); err != nil {
					t.Errorf("Ann: %v", err)
				}
			case 2:
				if user, err := h.exchange(t, from("192.0.2.2"), bob, bobsPassword, ""); err != nil {
					t.Errorf("Bob: %v, %v", user, err)
				}
			case 3:
				if err := h.signIn(t, fmt.Sprint("192.0.2.", 100+i), bob, "wrong password"); !errors.Is(err, ErrBadCredentials) {
					t.Errorf("a stranger: %v", err)
				}
			}
		})
	}
	all.Wait()
	if n := h.Stats().PasswordHashes - before; n > 15+int64(cap(h.hasher.slots)) {
		t.Errorf("%d hashes for one password and fifteen wrong ones", n)
	}
	if n := h.Stats().SignIns; n != 45 {
		t.Errorf("%d sign-ins", n)
	}
}
