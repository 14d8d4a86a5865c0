package directory

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// guess tries a wrong password and returns how long the peer was told to wait;
// 0 when it was checked.
func guess(t testing.TB, th *throttle, v visit, password string) time.Duration {
	t.Helper()
	leave, err := th.enter(t.Context(), v)
	var throttled *ThrottledError
	if errors.As(err, &throttled) {
		return throttled.RetryAfter
	}
	must(t, err)
	defer leave()
	th.fail(v, th.attempt(v, 1, password))
	return 0
}

func newTestThrottle() (*throttle, *clock) {
	c := &clock{now: time.Unix(1_800_000_000, 0)}
	return newThrottle(c.Now), c
}

func TestDelaysGrow(t *testing.T) {
	t.Parallel()
	th, clock := newTestThrottle()
	stranger := visit{peer: "192.0.2.66", name: bob}
	for i := range 5 {
		if wait := guess(t, th, stranger, fmt.Sprint("free ", i)); wait != 0 {
			t.Fatalf("guess %d waits %v", i, wait)
		}
	}
	for i, want := range []int{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900} {
		wait := guess(t, th, stranger, fmt.Sprint("paid ", i))
		if wait != time.Duration(want)*time.Second {
			t.Fatalf("guess %d waits %v, want %d s", i, wait, want)
		}
		clock.advance(wait - 1)
		if guess(t, th, stranger, fmt.Sprint("paid ", i)) == 0 {
			t.Fatalf("guess %d was let in too early", i)
		}
		clock.advance(1)
		if wait := guess(t, th, stranger, fmt.Sprint("paid ", i)); wait != 0 {
			t.Fatalf("guess %d still waits %v", i, wait)
		}
	}
	clock.advance(forgetAfter + time.Second)
	for i := range 5 {
		if wait := guess(t, th, stranger, fmt.Sprint("next day ", i)); wait != 0 {
			t.Fatalf("a day later, guess %d waits %v", i, wait)
		}
	}
}

func TestStalePasswordCountsOnce(t *testing.T) {
	t.Parallel()
	th, _ := newTestThrottle()
	phone := visit{peer: "192.0.2.1", name: bob}
	for range 1000 {
		if wait := guess(t, th, phone, "last year's"); wait != 0 {
			t.Fatalf("waits %v", wait)
		}
	}
}

// Trying one password for many names is guessing, too.
func TestPeerCountsOverAllNames(t *testing.T) {
	t.Parallel()
	th, _ := newTestThrottle()
	for i := range 5 {
		guess(t, th, visit{peer: "192.0.2.66", name: fmt.Sprint("user", i)}, "the same")
	}
	if guess(t, th, visit{peer: "192.0.2.66", name: "user9"}, "the same") == 0 {
		t.Error("the peer is not slowed down")
	}
	if wait := guess(t, th, visit{peer: "192.0.2.67", name: "user9"}, "the same"); wait != 0 {
		t.Errorf("another peer waits %v", wait)
	}
}

// A crowd of peers is slowed down together, gently; who was in before is not.
func TestAccountCountsOverUnknownPeers(t *testing.T) {
	t.Parallel()
	th, clock := newTestThrottle()
	crowd := func(i int) visit { return visit{peer: fmt.Sprint("peer", i), name: bob} }
	for i := range 100 {
		if wait := guess(t, th, crowd(i), fmt.Sprint(i)); wait != 0 {
			t.Fatalf("guess %d waits %v", i, wait)
		}
	}
	var longest time.Duration
	for i := 100; i < 120; i++ {
		wait := guess(t, th, crowd(i), fmt.Sprint(i))
		if wait == 0 {
			t.Fatalf("guess %d does not wait", i)
		}
		longest = max(longest, wait)
		clock.advance(wait)
		guess(t, th, crowd(i), fmt.Sprint(i))
	}
	if longest != time.Minute {
		t.Errorf("the longest wait is %v", longest)
	}
	if wait := guess(t, th, visit{peer: "home", name: bob, known: true}, "stale"); wait != 0 {
		t.Errorf("a peer that was in before waits %v", wait)
	}
	if wait := guess(t, th, visit{peer: "elsewhere", name: ann}, "typo"); wait != 0 {
		t.Errorf("another account waits %v", wait)
	}
}

// Guessing codes goes on at one an hour, from however many peers.
func TestCodesCountOverUnknownPeers(t *testing.T) {
	t.Parallel()
	th, clock := newTestThrottle()
	tries := 0
	for end := clock.Now().Add(7 * 24 * time.Hour); clock.Now().Before(end); {
		wait := guess(t, th, visit{peer: fmt.Sprint("peer", tries), name: bob, code: true}, fmt.Sprint(tries))
		if wait == 0 {
			tries++
		}
		clock.advance(wait)
	}
	if tries < 7*24 || tries > 7*24+25 {
		t.Errorf("%d tries in a week", tries)
	}
	if wait := guess(t, th, visit{peer: "elsewhere", name: bob}, "a password"); wait != 0 {
		t.Errorf("a password waits %v", wait)
	}
}

// Whatever others do, from the same peer or elsewhere, a user waits nowhere that
// they were in before; and from their own mistakes never longer than half a minute.
func TestKnownPeerIsNeverLockedOut(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		th, clock := newTestThrottle()
		owner := visit{peer: "home", name: bob, known: true}
		for i := range rapid.IntRange(0, 300).Draw(rt, "guesses") {
			v := visit{peer: rapid.SampledFrom([]string{"home", "elsewhere"}).Draw(rt, "peer"), name: rapid.SampledFrom([]string{ann, bob}).Draw(rt, "name")}
			v.known = v.peer == "home" && (v.name == ann || rapid.Bool().Draw(rt, "known"))
			if v.known && v.name == bob {
				continue // the owner's own
			}
			guess(t, th, v, fmt.Sprint(i))
			clock.advance(time.Duration(rapid.IntRange(0, 1000).Draw(rt, "seconds")) * time.Second)
		}
		if wait := guess(t, th, owner, "stale"); wait != 0 {
			rt.Fatalf("waits %v for what others did", wait)
		}
		for i := range rapid.IntRange(0, 100).Draw(rt, "mistakes") {
			clock.advance(guess(t, th, owner, fmt.Sprint("mistake ", i)))
		}
		if wait := guess(t, th, owner, "another"); wait > 30*time.Second {
			rt.Fatalf("waits %v", wait)
		}
	})
}

func TestSuccessEndsTheWaitAtAKnownPeer(t *testing.T) {
	t.Parallel()
	th, clock := newTestThrottle()
	owner := visit{peer: "home", name: bob, known: true}
	for i := range 15 {
		clock.advance(guess(t, th, owner, fmt.Sprint(i)))
	}
	th.succeed(owner)
	for i := range 10 {
		if wait := guess(t, th, owner, fmt.Sprint("again ", i)); wait != 0 {
			t.Fatalf("waits %v", wait)
		}
	}
}

// A burst of connections gets no more guesses than one after the other would.
func TestBurstWaitsItsTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		th, _ := newTestThrottle()
		v := visit{peer: "192.0.2.66", name: bob}
		inside := make(chan func(), 100)
		refused := make(chan error, 100)
		for range 100 {
			go func() {
				leave, err := th.enter(context.Background(), v)
				if err != nil {
					refused <- err
					return
				}
				inside <- leave
			}()
		}
		guesses := 0
		for synctest.Wait(); len(inside) > 0; synctest.Wait() {
			if n := len(inside); guesses+n > 5 {
				t.Fatalf("%d at once after %d", n, guesses)
			}
			leave := <-inside
			th.fail(v, th.attempt(v, 1, fmt.Sprint(guesses)))
			guesses++
			leave()
		}
		if guesses != 5 || len(refused) != 95 {
			t.Errorf("%d guesses, %d refused", guesses, len(refused))
		}
	})
}

// Many right ones at once only wait for each other.
func TestBurstOfRightOnes(t *testing.T) {
	t.Parallel()
	th, _ := newTestThrottle()
	errs := make(chan error)
	for range 200 {
		go func() {
			leave, err := th.enter(context.Background(), visit{peer: "192.0.2.1", name: bob})
			if err == nil {
				leave()
			}
			errs <- err
		}()
	}
	for range 200 {
		must(t, <-errs)
	}
	if n := len(th.peers.by) + len(th.accounts.by); n != 0 {
		t.Errorf("%d counts remain of nothing", n)
	}
}

func TestWaitingEndsWithTheClient(t *testing.T) {
	t.Parallel()
	th, _ := newTestThrottle()
	v := visit{peer: "192.0.2.66", name: bob}
	for range 5 {
		_, err := th.enter(t.Context(), v)
		must(t, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := th.enter(ctx, v); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// However many peers try, memory is bounded, and what counts most is kept.
func TestBucketsAreBounded(t *testing.T) {
	t.Parallel()
	th, clock := newTestThrottle()
	worst := visit{peer: "worst", name: bob}
	for i := range 8 {
		clock.advance(guess(t, th, worst, fmt.Sprint(i)))
		guess(t, th, worst, fmt.Sprint(i))
	}
	for i := range maxBuckets + 500 {
		clock.advance(time.Millisecond)
		guess(t, th, visit{peer: fmt.Sprint("peer", i), name: fmt.Sprint("name", i)}, "x")
	}
	for kind, set := range map[string]*buckets{"peers": th.peers, "accounts": th.accounts, "pairs": th.pairs} {
		if len(set.by) > maxBuckets {
			t.Errorf("%d %s", len(set.by), kind)
		}
	}
	if n := th.peers.by[th.fingerprint("peer", "worst")]; n == nil || n.failures != 8 {
		t.Errorf("the worst peer was forgotten: %+v", n)
	}
}

func TestPeerName(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"192.0.2.1":           "192.0.2.1",
		"::ffff:192.0.2.1":    "192.0.2.1",
		"2001:db8:1:2:3::4":   "2001:db8:1:2::/64",
		"2001:db8:1:2:ff::":   "2001:db8:1:2::/64",
		"fe80::1:2:3:4%eth0":  "fe80::/64",
		"2001:db8:1:3::1":     "2001:db8:1:3::/64",
		"::1":                 "::/64",
		"::ffff:198.51.100.7": "198.51.100.7",
	} {
		if got := peerName(netip.MustParseAddr(in)); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
	peerName(netip.Addr{})
}
