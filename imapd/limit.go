package imapd

import "sync"

// A limiter counts sessions by user. Safe for concurrent use.
type limiter struct {
	most int

	mu   sync.Mutex
	user map[int64]int
}

func newLimiter(most int) *limiter { return &limiter{most: most, user: map[int64]int{}} }

// signIn counts a session of the user, and returns how many there are; false when
// that would be too many.
func (l *limiter) signIn(user int64) (open int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.user[user] >= l.most {
		return l.user[user], false
	}
	l.user[user]++
	return l.user[user], true
}

func (l *limiter) signOut(user int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.user[user]--; l.user[user] == 0 {
		delete(l.user, user)
	}
}
