package admin

import (
	"strings"
	"testing"
)

func TestDisposable(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.as(t, aUser)
	b.wants(b.get("/me/addresses"), 200, "Addresses for one purpose", "!takes mail", "user+shop@home.example")
	b.wants(b.post("/me/addresses/disposable", "note", " "), 422, "Write in a few words")
	b.wants(b.post("/me/addresses/disposable", "note", "a <b>shop</b>"), 303, "/me/addresses")
	list, err := h.Directory.Disposables(t.Context(), h.userID())
	must(t, err)
	if len(list) != 1 || list[0].Note != "a <b>shop</b>" {
		t.Fatalf("made: %+v", list)
	}
	address := list[0].Address
	must(t, h.Directory.DisposableUsed(t.Context(), list[0].ID, "news@shop.example"))
	b.wants(b.get("/me/addresses"), 200, address+" is yours", "a &lt;b&gt;shop", "news@shop.example", "Switch "+address+" off", "takes mail")

	other := h.as(t, anAdmin)
	b.wants(other.get("/me/addresses"), 200, "!"+address)
	for _, wrong := range []string{address, "nobody@home.example", "no address", ""} {
		b.wants(other.post("/me/addresses/switch", "address", wrong, "state", "off"), 404)
	}
	b.wants(b.post("/me/addresses/switch", "address", strings.ToUpper(address), "state", "off"), 303)
	b.wants(b.get("/me/addresses"), 200, "is refused from now on", "switched off", "Switch "+address+" on")
	b.wants(b.post("/me/addresses/switch", "address", address, "state", "on"), 303)
	b.wants(b.get("/me/addresses"), 200, "takes mail again", "Switch "+address+" off")
}
