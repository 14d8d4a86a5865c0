package certificate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"time"

	"golang.org/x/crypto/acme"
)

// attemptsFile keeps who failed when: an appliance that is restarted again and
// again must not burn the authority's limits.
const attemptsFile = "attempts.json"

// attempts are the failures since the last success for one name.
type attempts struct {
	Failures int       `json:"failures"`
	Since    time.Time `json:"since"`
	Next     time.Time `json:"next"`
	Reason   string    `json:"reason"` // in words, for people
}

func loadAttempts(path string) (map[string]*attempts, error) {
	tries := map[string]*attempts{}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return tries, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &tries); err != nil {
		return nil, fmt.Errorf("%s: %w; remove it", path, err)
	}
	return tries, nil
}

// saveAttempts: a failure to save costs an attempt too many after a restart.
func (k *Keeper) saveAttempts() {
	text, err := json.MarshalIndent(k.tries, "", "\t")
	if err == nil {
		err = writeFile(k.path(attemptsFile), text)
	}
	if err != nil {
		k.log.Error("cannot keep what was tried", "error", err)
	}
}

// failed notes a failure and when to try again. With k.mu held.
func (k *Keeper) failed(name string, err error) *attempts {
	return k.note(name, Explain(name, err), err)
}

// note is failed with words for it. With k.mu held.
func (k *Keeper) note(name, reason string, err error) *attempts {
	tries := k.tries[name]
	if tries == nil {
		tries = &attempts{Since: k.now()}
		k.tries[name] = tries
	}
	tries.Failures++
	tries.Reason = reason
	tries.Next = k.now().Add(pause(tries.Failures, err))
	k.saveAttempts()
	return tries
}

// pause is how long to wait after a number of failures, the last of which was
// err.
//
// What failed before the authority was asked is tried again within minutes, for
// somebody may be at it. A failure there counts: Let's Encrypt permits five for
// a name in an hour.
func pause(failures int, err error) time.Duration {
	first, most := 15*time.Minute, 12*time.Hour
	var unreached *unreachedError
	if errors.As(err, &unreached) {
		first, most = time.Minute, time.Hour
	}
	wait := min(first<<min(failures-1, 10), most)
	if after, limited := rateLimit(err); limited {
		wait = max(wait, after)
	}
	return wait + rand.N(wait/10+1)
}

// rateLimit reports whether the authority asked to wait, and for how long as far
// as it said.
func rateLimit(err error) (time.Duration, bool) {
	var problem *acme.Error
	if !errors.As(err, &problem) {
		return 0, false
	}
	after, limited := acme.RateLimit(problem)
	if limited && after <= 0 {
		after = time.Hour
	}
	return after, limited
}

// unreachedError says that a name does not lead here; nobody was asked.
type unreachedError struct{ name, reason string }

func (e *unreachedError) Error() string { return e.name + " does not lead here: " + e.reason }

// retryNow lets every name be tried at once.
func (k *Keeper) retryNow() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, tries := range k.tries {
		tries.Next = time.Time{}
	}
	if k.issuer != nil {
		k.saveAttempts() // also for an appliance that starts later
	}
}

// Retry has Run try at once what has failed, for somebody who mended it.
func (k *Keeper) Retry() {
	k.retryNow()
	select {
	case k.changed <- struct{}{}:
	default:
	}
}
