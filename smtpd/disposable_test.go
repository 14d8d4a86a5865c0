package smtpd

import (
	"strings"
	"testing"

	"letterbox/trace"
)

// TestDisposableAddress takes mail until its owner switches it off, and notes who
// wrote to it last.
func TestDisposableAddress(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := int64(h.account(t, annaAddress))
	made, err := h.directory.AddDisposable(t.Context(), id, "a shop")
	check(t, err)
	caller := call(t, h.server(Config{}), doorMX, "192.0.2.1")
	if got := caller.send("bounce-17@shop.example", strings.ToUpper(made.Address), "From: Shop <news@shop.example>\r\n\r\nx"); got != "250" {
		t.Fatalf("refused: %s", got)
	}
	list, err := h.directory.Disposables(t.Context(), id)
	check(t, err)
	if list[0].UsedBy != "news@shop.example" || list[0].Uses != 1 || len(h.messages(t, annaAddress, "INBOX")) != 1 {
		t.Errorf("used: %+v", list[0])
	}
	check(t, h.directory.SwitchDisposable(t.Context(), id, made.Address, true))
	caller.expect("MAIL FROM:<bounce-18@shop.example>", "250")
	caller.expect("RCPT TO:<"+made.Address+">", "550")
	caller.close()
	if got := h.traced(t, trace.Query{Viewer: id}); !strings.Contains(got, "refused <bounce-18@shop.example> "+made.Address+"|||550 5.2.1 this address was switched off by its owner") {
		t.Errorf("she does not see that it was refused:\n%s", got)
	}
}
