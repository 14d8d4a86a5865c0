package smtpd

import (
	"net/netip"
	"testing"
)

func TestLimiter(t *testing.T) {
	t.Parallel()
	l := newLimiter(Limits{Connections: 5, PerAddress: 2})
	for _, step := range []struct {
		from string
		want bool
	}{
		{"192.0.2.1", true}, {"192.0.2.1", true}, {"192.0.2.1", false},
		{"2001:db8::1", true}, {"2001:db8::2", true}, {"2001:db8::3", false}, // one customer has a /64
		{"192.0.2.2", true}, {"192.0.2.3", false}, // five in all
	} {
		if got := l.connect(netip.MustParseAddr(step.from)); got != step.want {
			t.Errorf("connection from %s: %t", step.from, got)
		}
	}
	for _, from := range []string{"192.0.2.1", "192.0.2.1", "2001:db8::1", "2001:db8::2", "192.0.2.2"} {
		l.disconnect(netip.MustParseAddr(from))
	}
	if l.all != 0 || len(l.address) != 0 {
		t.Errorf("%d and %v are left", l.all, l.address)
	}
}
