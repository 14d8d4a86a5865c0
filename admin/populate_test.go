package admin

import (
	"fmt"
	"testing"

	"letterbox/quota"
	"letterbox/store"
)

// populate adds people with names, limits and a hostile one among them.
func (h *house) populate(t testing.TB, n int) {
	t.Helper()
	first := []string{"Anna", "Björn", "Chiara", "David", "Elif", "Frida", "Goran", "Hanna"}
	last := []string{"Becker", "Novák", "Rossi", "Öztürk", "Lindqvist", "O’Neill", "Martin", "van der Berg"}
	for i := range n {
		name := first[i%len(first)] + " " + last[i/len(first)%len(last)]
		u, err := h.Directory.AddUser(t.Context(), fmt.Sprintf("person%03d@home.example", i), name, "")
		must(t, err)
		must(t, h.Store.EnsureAccount(t.Context(), store.AccountID(u.ID)))
		must(t, h.Store.SetLimit(t.Context(), store.AccountID(u.ID), quota.Limit{Bytes: int64(i%5+1) * 1e9}))
	}
	boss, err := h.Directory.User(t.Context(), anAdmin)
	must(t, err)
	_, err = h.Directory.AddDisposable(t.Context(), boss.ID, "the newsletter of a shop with a long name")
	must(t, err)
}
