package quota

import (
	"math"
	"testing"
)

func TestThresholdsText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"": "", "95, 80%,80": "80, 95", " 1 ,100": "1, 100"} {
		var all Thresholds
		if err := all.UnmarshalText([]byte(in)); err != nil {
			t.Errorf("%q: %v", in, err)
		}
		if got, _ := all.MarshalText(); string(got) != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	for _, in := range []string{"0", "101", "x", "80 90", "-1"} {
		if err := new(Thresholds).UnmarshalText([]byte(in)); err == nil {
			t.Errorf("%q was taken", in)
		}
	}
}

func TestCrossed(t *testing.T) {
	t.Parallel()
	limit := Limit{Bytes: 1000, Messages: 10}
	tests := []struct {
		name        string
		limit       Limit
		before, now Usage
		percent     int // 0: none
		resource    string
	}{
		{"below", limit, Usage{Bytes: 0}, Usage{Bytes: 799}, 0, ""},
		{"exactly", limit, Usage{Bytes: 799}, Usage{Bytes: 800}, 80, Storage},
		{"already", limit, Usage{Bytes: 800}, Usage{Bytes: 900}, 0, ""},
		{"two at once", limit, Usage{}, Usage{Bytes: 960}, 95, Storage},
		{"the fuller one", limit, Usage{}, Usage{Bytes: 850, Messages: 10}, 95, Message},
		{"shrinking", limit, Usage{Bytes: 960}, Usage{Bytes: 850}, 0, ""},
		{"unlimited", Limit{}, Usage{}, Usage{Bytes: 1 << 60}, 0, ""},
		{"large", Limit{Bytes: math.MaxInt64}, Usage{}, Usage{Bytes: math.MaxInt64 - 1}, 95, Storage},
	}
	for _, test := range tests {
		c, crossed := Thresholds{80, 95}.Crossed(test.limit, test.before, test.now)
		if crossed != (test.percent > 0) || c.Percent != test.percent || c.Name != test.resource {
			t.Errorf("%s: %+v, %t; want %d%% of %s", test.name, c, crossed, test.percent, test.resource)
		}
	}
}

func TestSettle(t *testing.T) {
	t.Parallel()
	limit := Limit{Bytes: 1000, Messages: 10}
	for _, test := range []struct {
		said int
		now  Usage
		want int
	}{
		{80, Usage{Bytes: 800}, 80},
		{80, Usage{Bytes: 750}, 80}, // hovering
		{80, Usage{Bytes: 749}, 0},
		{95, Usage{Bytes: 899}, 80},
		{95, Usage{Bytes: 100, Messages: 9}, 95}, // the other resource is as full
		{95, Usage{}, 0},
		{0, Usage{Bytes: 1000}, 0}, // nothing was said
	} {
		if got := (Thresholds{80, 95}).Settle(test.said, limit, test.now); got != test.want {
			t.Errorf("%d%% was said, now %+v: %d, want %d", test.said, test.now, got, test.want)
		}
	}
	if got := (Thresholds{3}).Settle(3, limit, Usage{}); got != 0 {
		t.Errorf("an empty account stays warned of %d%%", got)
	}
}
