package directory

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
)

// The known hash is one of the reference implementation's test vectors.
func TestHashIsArgon2id(t *testing.T) {
	t.Parallel()
	h := newHasher(defaultCost())
	const known = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	right, outdated, err := h.verify(known, "password")
	if err != nil || !right || !outdated {
		t.Errorf("known hash: %v, outdated %v, %v", right, outdated, err)
	}
	fresh := h.hash("password")
	if !strings.HasPrefix(fresh, "$argon2id$v=19$m=19456,t=2,p=1$") || fresh == h.hash("password") {
		t.Errorf("made %s", fresh)
	}
	if right, outdated, err := h.verify(fresh, "password"); !right || outdated || err != nil {
		t.Errorf("own hash: %v, outdated %v, %v", right, outdated, err)
	}
	if right, _, err := h.verify(fresh, "Password"); right || err != nil {
		t.Errorf("wrong password: %v, %v", right, err)
	}
	if right, _, err := h.verify(h.dummy(), "password"); right || err != nil {
		t.Errorf("dummy: %v, %v", right, err)
	}
}

func TestDamagedHash(t *testing.T) {
	t.Parallel()
	h := newHasher(defaultCost())
	for _, encoded := range []string{
		"", "$", "plain", "$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAA", "$argon2id$v=16$m=8,t=1,p=1$c29tZXNhbHQ$AAAA",
		"$argon2id$v=19$m=8,t=1$c29tZXNhbHQ$AAAA", "$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ$AAAA",
		"$argon2id$v=19$m=8,t=0,p=1$c29tZXNhbHQ$AAAA", "$argon2id$v=19$m=8,t=1,p=0$c29tZXNhbHQ$AAAA",
		"$argon2id$v=19$m=8,t=1,p=1$!$AAAA", "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$",
	} {
		if right, _, err := h.verify(encoded, ""); right || err == nil {
			t.Errorf("%q: %v, %v", encoded, right, err)
		}
	}
	if n := h.computed.Load(); n != 0 {
		t.Errorf("%d computed", n)
	}
}

func TestHasherWorksAFewAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHasher(defaultCost())
		inside := make(chan func(), 100)
		for range 100 {
			go func() {
				done, err := h.slot(context.Background())
				if err == nil {
					inside <- done
				}
			}()
		}
		for range 100 {
			if synctest.Wait(); len(inside) == 0 || len(inside) > 4 {
				t.Fatalf("%d at once", len(inside))
			}
			(<-inside)()
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		for range cap(h.slots) {
			h.slots <- struct{}{}
		}
		if _, err := h.slot(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

// Somebody who signs in has their hash renewed when its cost is not the present one.
func TestOutdatedHashIsRenewed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.hasher.cost.Passes++
	must(t, h.signIn(t, "192.0.2.1", bob, bobsPassword))
	k, err := h.knock(t.Context(), from("192.0.2.1"), bob)
	if must(t, err); !strings.Contains(k.credential.argon2id, "t=2,") || k.credential.version != 1 {
		t.Errorf("version %d with %s", k.credential.version, k.credential.argon2id)
	}
	h.hasher.cost.Iterations = 4097
	h.verified = newVerified()
	must(t, h.signIn(t, "192.0.2.1", bob, bobsPassword))
	if k, err = h.knock(t.Context(), from("192.0.2.1"), bob); err != nil || k.credential.scram.Iters != 4097 {
		t.Errorf("%d iterations, %v", k.credential.scram.Iters, err)
	}
	before := h.Stats().PasswordHashes
	h.verified = newVerified()
	must(t, h.signIn(t, "192.0.2.1", bob, bobsPassword))
	if _, err := h.exchange(t, from("192.0.2.1"), bob, bobsPassword, ""); err != nil {
		t.Errorf("SCRAM after renewal: %v", err)
	}
	if n := h.Stats().PasswordHashes - before; n != 1 {
		t.Errorf("%d hashes, want no second renewal", n)
	}
}
