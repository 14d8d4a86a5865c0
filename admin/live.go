package admin

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// liveEvery is how often what is live is looked at; a page that shows nothing new
// is sent nothing.
const liveEvery = 5 * time.Second

// liveFor bounds how long a stream stays open: then the browser asks again, and
// passes the gate again.
const liveFor = 10 * time.Minute

// live streams the figures of the overview as they change (server-sent events).
// Whoever does not ask for a stream gets one event.
func (v *visit) live() error {
	v.w.Header().Set("Content-Type", "text/event-stream")
	v.w.Header().Set("X-Accel-Buffering", "no") // for proxies that would hold it back
	control := http.NewResponseController(v.w)
	tick := time.NewTicker(liveEvery)
	defer tick.Stop()
	end := time.After(liveFor)
	last := ""
	for {
		list, err := v.figures()
		if err != nil {
			v.Log.Warn("live figures", "error", err)
			return nil
		}
		if event := liveEvent(list); event != last {
			last = event
			_ = control.SetWriteDeadline(time.Now().Add(time.Minute))
			if _, err := fmt.Fprint(v.w, event); err != nil || control.Flush() != nil {
				return nil
			}
		}
		if !strings.Contains(v.r.Header.Get("Accept"), "text/event-stream") {
			return nil
		}
		select {
		case <-v.context().Done():
			return nil
		case <-end:
			return nil
		case <-tick.C:
		}
	}
}

// liveEvent is one event: a line for each figure, its name and what it is now.
func liveEvent(list []figure) string {
	var b strings.Builder
	for _, f := range list {
		fmt.Fprintf(&b, "data: %s %s\n", f.Key, f.Value)
	}
	b.WriteString("\n")
	return b.String()
}
