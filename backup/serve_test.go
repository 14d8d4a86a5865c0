package backup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestRota runs schedules on a clock of their own. A run is noted with the time
// since the start.
func TestRota(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		schedule string
		ago      time.Duration // of the last snapshot; 0: never
		takes    time.Duration
		fails    int // so many first runs
		until    time.Duration
		want     []string
	}{
		{"the first, then each hour", "every 1h, keep 1 hourly", 0, time.Minute, 0, 3 * time.Hour,
			[]string{"a 10m0s", "b 11m0s", "a 1h10m0s", "b 1h11m0s", "a 2h10m0s", "b 2h11m0s"}},
		{"one was taken before the start", "every 1h, keep 1 hourly", 20 * time.Minute, 0, 0, time.Hour,
			[]string{"a 40m0s", "b 40m0s"}},
		{"one was missed while the machine was off", "every 1d, keep 1 daily", 50 * time.Hour, 0, 0, 2 * time.Hour,
			[]string{"a 10m0s", "b 10m0s"}},
		{"failures are tried again", "every 1h, keep 1 hourly", 0, 0, 3, time.Hour,
			[]string{"a 10m0s", "b 10m0s", "a 25m0s", "b 25m0s", "a 40m0s"}},
		{"one that takes longer than the hour", "every 1h, keep 1 hourly", 0, 90 * time.Minute, 0, 5 * time.Hour,
			[]string{"a 10m0s", "b 1h40m0s", "a 3h10m1s", "b 4h40m1s"}},
		{"never", "never", 0, 0, 0, 100 * time.Hour, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				schedule, err := ParseSchedule(test.schedule)
				must(t, err)
				start := time.Now()
				last := map[string]time.Time{}
				if test.ago > 0 {
					last["a"], last["b"] = start.Add(-test.ago), start.Add(-test.ago)
				}
				var ran []string
				r := rota{
					targets: []string{"a", "b"}, schedule: schedule,
					last: func(target string) time.Time { return last[target] },
					run: func(_ context.Context, target string) error {
						began := time.Now()
						ran = append(ran, fmt.Sprint(target, " ", began.Sub(start)))
						time.Sleep(test.takes)
						if len(ran) <= test.fails {
							return errors.New("away")
						}
						last[target] = began
						return nil
					},
				}
				ctx, cancel := context.WithTimeout(t.Context(), test.until)
				defer cancel()
				r.serve(ctx)
				if !slices.Equal(ran, test.want) {
					t.Errorf("ran %q, want %q", ran, test.want)
				}
			})
		})
	}
}

// TestRound takes, proves and prunes, and remembers.
func TestRound(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.receive(t, "INBOX", 60)
	target := folderTarget(t)
	plan := Plan{Schedule: Schedule{Every: time.Hour, Hourly: 1}}
	must(t, h.keeper.Round(t.Context(), target.path, plan))
	r := h.keeper.record(target.path)
	if id, at := r.Proven(); id != r.Last || id == "" || at.IsZero() || !r.Full.Full || r.Full.Bodies != 60 || r.Pruned.IsZero() {
		t.Errorf("after the first round: %+v", r)
	}
	h.receive(t, "INBOX", 60)
	must(t, h.keeper.Round(t.Context(), target.path, plan))
	again := h.keeper.record(target.path)
	if id, _ := again.Proven(); id <= r.Last || again.Proof.Full || again.Proof.Bodies != sampleBodies || again.Old.Snapshot != r.Last {
		t.Errorf("after the second: %+v", again)
	}
	if err := h.keeper.Round(t.Context(), "/proc/none", plan); err == nil {
		t.Error("took a snapshot to nowhere")
	}
	if r := h.keeper.record("/proc/none"); r.Error == "" || r.Last != "" {
		t.Errorf("after a failure: %+v", r)
	}
}

// TestOneAtATime: whoever comes second hears so, and nothing is noted of it.
func TestOneAtATime(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	target := folderTarget(t)
	end, err := h.keeper.begin("something")
	must(t, err)
	plan := Plan{Schedule: Schedule{Every: time.Hour, Hourly: 1}}
	if err := h.keeper.Round(t.Context(), target.path, plan); !errors.Is(err, ErrBusy) {
		t.Errorf("beside another: %v", err)
	}
	if _, err := h.keeper.Verify(t.Context(), target); !errors.Is(err, ErrBusy) {
		t.Errorf("beside another: %v", err)
	}
	if s := h.keeper.Status(); s.Task != "something" {
		t.Errorf("status %+v", s)
	}
	if r := h.keeper.record(target.path); !r.Tried.IsZero() {
		t.Errorf("noted %+v", r)
	}
	end()
	must(t, h.keeper.Round(t.Context(), target.path, plan))
}

// TestCancel stops a snapshot in the middle: there is none then, and the next one
// is whole.
func TestCancel(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.receive(t, "INBOX", 300)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	target := &cancelling{Folder: folderTarget(t), cancel: cancel}
	if _, err := h.keeper.Take(ctx, target, false); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if n := len(objects(t, target, snapshotFolder)); n != 0 {
		t.Errorf("%d snapshots", n)
	}
	take(t, h, target.Folder)
	v, err := h.keeper.Verify(t.Context(), target.Folder)
	must(t, err)
	if len(v.Problems) > 0 {
		t.Error(v.Problems)
	}
}

// cancelling has its caller give up at the first bundle.
type cancelling struct {
	*Folder
	cancel func()
}

func (c *cancelling) Put(ctx context.Context, name string, data []byte) error {
	if strings.HasPrefix(name, dataFolder) {
		c.cancel()
	}
	return c.Folder.Put(ctx, name, data)
}
