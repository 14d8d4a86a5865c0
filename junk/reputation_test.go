package junk

import (
	"net/netip"
	"testing"

	"letterbox/database"
	"letterbox/store"
)

// TestWelcome adds up how everybody here received somebody's mail.
func TestWelcome(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, r := range []struct {
		account            store.AccountID
		name               string
		wanted, junk, seen int
	}{
		{anna, "network:192.0.2.0/24", 1, 0, 0},
		{anna, "network:198.51.100.0/24", 0, 0, 12}, {ben, "network:198.51.100.0/24", 0, 2, 8},
		{anna, "network:203.0.113.0/24", 0, 0, 19},
		{ben, "network:2001:db8:1::/48", 3, 1, 0},
		{ben, "domain:list.example", 0, 1, 400},
	} {
		check(t, h.db.Write(t.Context(), func(tx *database.Tx) error {
			_, err := tx.Exec(`INSERT INTO sender (account, name, wanted, junk, seen, last_at) VALUES (?, ?, ?, ?, ?, 0)`,
				int64(r.account), r.name, r.wanted, r.junk, r.seen)
			return err
		}))
	}
	for address, want := range map[string]bool{
		"192.0.2.77": true, "::ffff:192.0.2.1": true, "198.51.100.1": true, "203.0.113.1": false,
		"2001:db8:1:7::9": false, "2001:db8:2::1": false, "127.0.0.1": false,
	} {
		if got, err := h.WelcomeNetwork(t.Context(), netip.MustParseAddr(address)); err != nil || got != want {
			t.Errorf("%s: %t, %v", address, got, err)
		}
	}
	for domain, want := range map[string]bool{"List.example": true, "example": false, "": false} {
		if got, err := h.WelcomeDomain(t.Context(), domain); err != nil || got != want {
			t.Errorf("%q: %t, %v", domain, got, err)
		}
	}
	var none *Filter
	if got, err := none.WelcomeDomain(t.Context(), "list.example"); got || err != nil {
		t.Errorf("without a filter: %t, %v", got, err)
	}
}
