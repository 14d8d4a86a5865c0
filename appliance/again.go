package appliance

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

// errAgain ends a life of the appliance so that another begins.
var errAgain = errors.New("the appliance begins anew")

// An again is a wish to begin anew, as settings need that are read at the start.
type again struct {
	once sync.Once
	wish chan struct{}
}

func newAgain() *again { return &again{wish: make(chan struct{})} }

func (a *again) ask() { a.once.Do(func() { close(a.wish) }) }

func (a *again) wanted() bool {
	select {
	case <-a.wish:
		return true
	default:
		return false
	}
}

// lastWords is how long the pages go on telling browsers to come back, before
// their connections are closed: who was sent to another page by the answer to
// their wish is there at once, and would find a door that is just closing.
const lastWords = 500 * time.Millisecond

// wait returns errAgain a moment after somebody wishes it, nil when ctx ends.
func (a *again) wait(ctx context.Context) error {
	select {
	case <-a.wish:
	case <-ctx.Done():
		return nil
	}
	select {
	case <-time.After(lastWords):
		return errAgain
	case <-ctx.Done():
		return nil
	}
}

// pause has browsers come back in a moment, once the appliance is about to begin
// anew: their request would be broken off.
func (a *again) pause(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !a.wanted() {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Refresh", "1")
		w.Header().Set("Connection", "close")
		http.Error(w, "Letterbox takes its new settings. This page comes back by itself.", http.StatusServiceUnavailable)
	})
}

// BeginAnew has the appliance end what is under way, read its settings again and
// go on. Listeners stay open meanwhile: who connects waits for a moment. Where
// nothing is served it does nothing.
func (d *Data) BeginAnew() { d.again.ask() }
