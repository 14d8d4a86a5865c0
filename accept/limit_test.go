package accept

import (
	"net/netip"
	"testing"
)

func TestLimiter(t *testing.T) {
	t.Parallel()
	l := NewLimiter(5, 2)
	for _, step := range []struct {
		from string
		want bool
	}{
		{"192.0.2.1", true}, {"192.0.2.1", true}, {"192.0.2.1", false},
		{"2001:db8::1", true}, {"2001:db8::2", true}, {"2001:db8::3", false}, // one customer has a /64
		{"192.0.2.2", true}, {"192.0.2.3", false}, // five in all
	} {
		if got := l.Connect(netip.MustParseAddr(step.from)); got != step.want {
			t.Errorf("connection from %s: %t", step.from, got)
		}
	}
	l.Disconnect(netip.MustParseAddr("192.0.2.2"))
	if !l.Connect(netip.MustParseAddr("2001:db8:0:1::1")) {
		t.Error("a freed place is not given")
	}
	for _, from := range []string{"192.0.2.1", "192.0.2.1", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"} {
		l.Disconnect(netip.MustParseAddr(from))
	}
	if l.all != 0 || len(l.network) != 0 {
		t.Errorf("%d and %v are left", l.all, l.network)
	}
}
