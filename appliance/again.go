package appliance

import (
	"context"
	"errors"
	"sync"
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

// wait returns errAgain once somebody wishes it, nil when ctx ends.
func (a *again) wait(ctx context.Context) error {
	select {
	case <-a.wish:
		return errAgain
	case <-ctx.Done():
		return nil
	}
}

// BeginAnew has the appliance end what is under way, read its settings again and
// go on. Listeners stay open meanwhile: who connects waits for a moment. Where
// nothing is served it does nothing.
func (d *Data) BeginAnew() { d.again.ask() }
