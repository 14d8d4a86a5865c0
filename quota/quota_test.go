package quota

import (
	"errors"
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
