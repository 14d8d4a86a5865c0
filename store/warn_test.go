package store

import (
	"testing"

	"github.com/emersion/go-imap/v2"
	"letterbox/quota"
)

// TestWarnings: a crossing is news once, a mailbox that hovers none, one that was
// cleaned up and fills again is.
func TestWarnings(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.thresholds = quota.Thresholds{80, 95}
	in := h.box("INBOX")
	owed := func() int {
		t.Helper()
		list, err := h.Warnings(t.Context())
		must(t, err)
		if len(list) == 0 {
			return 0
		}
		if len(list) > 1 || list[0].Account != alice {
			t.Fatalf("%+v", list)
		}
		return list[0].Percent
	}
	want := func(when string, percent int) {
		t.Helper()
		if got := owed(); got != percent {
			t.Errorf("%s: %d %% is owed, want %d", when, got, percent)
		}
	}
	warn := func() {
		t.Helper()
		_, err := h.Append(t.Context(), Batch{Messages: []NewMessage{{Mailbox: in, Raw: []byte("Subject: full\r\n\r\n")}}, Warns: owed()})
		must(t, err)
	}
	expunge := func(n int) {
		t.Helper()
		all := imap.UIDSet{{Start: h.row(alice, "INBOX").UIDNext - imap.UID(n), Stop: 0}}
		_, err := h.SetFlags(t.Context(), in, all, FlagChange{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}})
		must(t, err)
		gone, _, err := h.Expunge(t.Context(), in, nil)
		must(t, err)
		if got, _ := gone.Nums(); len(got) != n {
			t.Fatalf("%d are gone, want %d", len(got), n)
		}
	}
	must(t, h.SetLimit(t.Context(), alice, quota.Limit{Messages: 100}))
	h.fill(in, 79)
	want("below", 0)
	h.fill(in, 1)
	want("at 80", 80)
	want("still, as nothing was said", 80)
	warn()
	want("said", 0) // 81
	expunge(5)
	h.fill(in, 5)
	want("hovering", 0)
	h.fill(in, 14)
	want("at 95", 95)
	warn() // 96
	want("said again", 0)
	expunge(10) // 86
	h.fill(in, 10)
	want("full again, after more than a little room", 95)
	warn() // 97
	h.fill(in, 3)
	must(t, h.SetLimit(t.Context(), alice, quota.Limit{Messages: 1000}))
	want("with a larger limit", 0)
	h.fill(in, 700)
	want("at 80 of the larger one", 80)
	must(t, h.SetLimit(t.Context(), alice, quota.Limit{Messages: 500}))
	want("with a smaller limit", 95)
	warn() // beyond the limit
	want("told though it was full", 0)
}
