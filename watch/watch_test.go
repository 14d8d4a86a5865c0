package watch

import (
	"context"
	"log/slog"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"letterbox/finding"
	"letterbox/history"
	"letterbox/telemetry"
)

var start = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestLook(t *testing.T) {
	t.Parallel()
	now := start
	clock := func() time.Time { return now }
	h, err := history.Open(t.Context(), filepath.Join(t.TempDir(), "telemetry.db"), history.Options{Now: clock})
	check(t, err)
	t.Cleanup(func() { check(t, h.Close()) })
	tel := telemetry.NewAt(clock)
	w := &Watch{
		History: h, Telemetry: tel, Log: slog.New(slog.DiscardHandler), Now: clock,
		Levels:   func(context.Context) (map[string]int64, error) { return map[string]int64{Storage: 7}, nil },
		Accounts: func(context.Context) (map[string]int64, error) { return map[string]int64{"anna@example.org": 5}, nil },
		Sources: []func(context.Context) []finding.Finding{
			func(context.Context) []finding.Finding {
				return []finding.Finding{{Kind: "a", Severity: finding.Amber}, {Kind: "b", Severity: finding.Red}}
			},
			func(context.Context) []finding.Finding {
				return []finding.Finding{{Kind: "c", Severity: finding.Amber}}
			},
		},
	}
	w.last = w.counts()
	tel.Delivered(3, 1000)
	s := tel.Open("imap", netip.MustParseAddr("192.0.2.7"), func() {})
	s.SignedIn(1, "anna@example.org", "PLAIN", telemetry.AppPassword{})
	s.Answered("SELECT", "OK", time.Millisecond, false, false)
	check(t, w.look(t.Context()))
	now = now.Add(time.Minute)
	tel.Delivered(2, 1000)
	check(t, w.look(t.Context()))

	in, err := h.Counts(t.Context(), In, history.SpanNamed("hour"))
	check(t, err)
	if len(in) != 2 || in[0].Value != 3 || in[1].Value != 2 {
		t.Errorf("in: %v", in)
	}
	for name, want := range map[string]int64{Storage: 7, Sessions: 1, Account + "anna@example.org": 5} {
		if last, err := h.Last(t.Context(), name); err != nil || last.Value != want {
			t.Errorf("%s: %v, %v", name, last, err)
		}
	}
	selects, err := h.Spreads(t.Context(), Latency+"select", history.SpanNamed("hour"))
	check(t, err)
	if len(selects) != 1 || selects[0].Counts.Total() != 1 {
		t.Errorf("selects: %v", selects)
	}
	devices, err := h.KnownDevices(t.Context(), 0, 10)
	check(t, err)
	if len(devices) != 1 || devices[0].Words != "192.0.2.7" {
		t.Errorf("devices: %+v", devices)
	}

	check(t, h.Dismiss(t.Context(), "a:", time.Time{}, "anna@example.org"))
	open, dismissed, err := w.Findings(t.Context())
	check(t, err)
	if len(open) != 2 || open[0].Kind != "b" || dismissed != 1 {
		t.Errorf("findings: %v, %d dismissed", open, dismissed)
	}
}
