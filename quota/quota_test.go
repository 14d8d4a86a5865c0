package quota

import (
	"errors"
	"math"
	"testing"
)

func TestLimitAdd(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		limit     Limit
		now, more Usage
		want      Usage
		resource  string // of the *OverError wanted; empty for none
	}{
		{"unlimited", Limit{}, Usage{1 << 40, 9, 0}, Usage{1 << 40, 1, 0}, Usage{1 << 41, 10, 0}, ""},
		{"exactly full", Limit{100, 2, 0}, Usage{60, 1, 0}, Usage{40, 1, 0}, Usage{100, 2, 0}, ""},
		{"one byte over", Limit{100, 0, 0}, Usage{60, 1, 0}, Usage{41, 1, 0}, Usage{60, 1, 0}, "STORAGE"},
		{"one message over", Limit{0, 2, 0}, Usage{60, 2, 0}, Usage{1, 1, 0}, Usage{60, 2, 0}, "MESSAGE"},
		{"removing while over", Limit{10, 1, 0}, Usage{60, 2, 0}, Usage{-20, -1, 0}, Usage{40, 1, 0}, ""},
		{"one mailbox over", Limit{0, 0, 3}, Usage{0, 0, 3}, Usage{0, 0, 1}, Usage{0, 0, 3}, "MAILBOX"},
	}
	for _, test := range tests {
		got, err := test.limit.Add(test.now, test.more)
		var over *OverError
		if errors.As(err, &over) != (test.resource != "") || (over != nil && over.Resource != test.resource) {
			t.Errorf("%s: error %v, want resource %q", test.name, err, test.resource)
		}
		if got != test.want {
			t.Errorf("%s: usage %+v, want %+v", test.name, got, test.want)
		}
	}
}

func TestLimitOr(t *testing.T) {
	t.Parallel()
	domain := Limit{Bytes: 10, Messages: 20}
	for own, want := range map[Limit]Limit{
		{}:                                   domain,
		{Bytes: 5, Mailboxes: 6}:             {5, 20, 6},
		{Bytes: Unlimited, Mailboxes: -1}:    {0, 20, 0},
		Limit{Messages: 3}.Own():             {0, 3, 0},
		{Bytes: Unlimited, Messages: 1 << 5}: {0, 32, 0},
	} {
		if got := own.Or(domain); got != want {
			t.Errorf("%v or %v is %v, want %v", own, domain, got, want)
		}
	}
}

func TestGrace(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		limit, want Limit
		grace       Grace
	}{
		{Limit{1000, 10, 10}, Limit{1050, 10, 10}, 5},
		{Limit{1000, 20, 0}, Limit{1000, 20, 0}, 0},
		{Limit{0, 20, 7}, Limit{0, 21, 7}, 5}, // unlimited stays so
		{Limit{math.MaxInt64, 1, 1}, Limit{math.MaxInt64, 2, 1}, 100},
	} {
		if got := test.limit.With(test.grace); got != test.want {
			t.Errorf("%v with %d%% is %v, want %v", test.limit, test.grace, got, test.want)
		}
	}
}
