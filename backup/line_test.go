package backup

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestLine: a request may take as long as it takes while enough comes through,
// and ends when too little does.
func TestLine(t *testing.T) {
	t.Parallel()
	const pieces = 200
	for _, test := range []struct {
		name  string
		piece int64         // bytes
		each  time.Duration // in what time
		ends  time.Duration // 0: it is answered
	}{
		{"slow, and going on", leastPassed, requestTime - time.Second, 0},
		{"bytes trickle", 1, time.Second, requestTime},
		{"nothing comes", 0, time.Hour, requestTime},
		{"just too slow", leastPassed / 2, requestTime*2/3 - time.Second, requestTime},
		{"little is asked", 1, time.Millisecond, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLine(Access{})
				began := time.Now()
				err := l.request(t.Context(), func(ctx context.Context) error {
					for range pieces {
						l.passed.Add(test.piece)
						select {
						case <-ctx.Done():
							return ctx.Err()
						case <-time.After(test.each):
						}
					}
					return nil
				})
				if test.ends == 0 && err != nil {
					t.Errorf("ended after %s: %v", time.Since(began), err)
				}
				if test.ends > 0 && (!errors.Is(err, errTooSlow) || time.Since(began) != test.ends) {
					t.Errorf("after %s: %v; it should have ended after %s", time.Since(began), err, test.ends)
				}
			})
		})
	}
}
