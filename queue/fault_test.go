package queue

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"letterbox/database"
	"letterbox/internal/fault"
	"letterbox/internal/zone"
	"letterbox/store/blob"
)

// TestStorageFails breaks every step that sending takes on the disk, once, in every
// way. The message arrives once, the recipient who is refused is reported once,
// and nothing is left behind.
func TestStorageFails(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]fault.Kind{"fail": fault.Fail, "tear": fault.Tear, "full": fault.Full} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			far := startMX(t)
			far.answer(refuseGone)
			z, dir, plan := zone.Serve(t, farZone), t.TempDir(), new(fault.Plan)
			vfs := plan.VFS(t)
			synctest.Test(t, func(t *testing.T) {
				h, err := open(context.Background(), dir, z.Addr, slog.New(slog.DiscardHandler),
					database.Options{VFS: vfs}, blob.Options{FS: plan.FS()})
				must(t, err)
				h.t = t
				defer h.leave()
				h.place("192.0.2.1:25", far.addr)
				stop := h.start()
				defer stop()
				step := 0
				for tripped := true; tripped; step++ {
					// What is refused is queued first, so that nothing is sent before it breaks.
					h.courier.mu.Lock()
					h.submit(fmt.Sprintf("bob%d@far.example", step), fmt.Sprintf("gone%d@far.example", step))
					plan.Break(kind, step)
					h.courier.mu.Unlock()
					time.Sleep(10 * time.Second)
					synctest.Wait()
					tripped = plan.Tripped()
					plan.Mend()
					time.Sleep(3 * time.Hour)
					synctest.Wait()
					if n, err := h.Count(t.Context()); n != 0 || err != nil {
						t.Fatalf("step %d: %d messages are left, %v", step, n, err)
					}
					if got := len(h.inbox()); got != step+1 {
						t.Fatalf("step %d: %d reports", step, got)
					}
				}
				if step < 3 {
					t.Errorf("only %d steps were broken", step)
				}
			})
			seen := map[string]int{}
			for _, a := range far.got() {
				seen[strings.Join(a.to(), " ")]++
			}
			for to, n := range seen {
				if n != 1 {
					t.Errorf("%s has it %d times", to, n)
				}
			}
		})
	}
}
