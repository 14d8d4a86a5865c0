package admin

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"strings"
	"sync"
	"time"
)

// A Setup lets the person in who started an appliance that nobody administers
// yet: by a code that is printed where only they can read it. The code is good
// once; whoever gave it has a cookie from then on, until there is an admin.
type Setup struct {
	mu    sync.Mutex
	code  [sha256.Size]byte // hash
	used  bool
	token [sha256.Size]byte // hash of the cookie of who gave the code
	wrong int
	until time.Time // no guess before
}

// NewSetup makes a code. The hash alone is kept.
func NewSetup() (s *Setup, code string) {
	text := strings.ToLower(rand.Text()[:16]) // 80 bits
	code = strings.Join([]string{text[:4], text[4:8], text[8:12], text[12:]}, "-")
	return &Setup{code: hashCode(code)}, code
}

// hashCode takes the code as people type it.
func hashCode(code string) [sha256.Size]byte {
	plain := strings.NewReplacer("-", "", " ", "").Replace(strings.ToLower(code))
	return sha256.Sum256([]byte(plain))
}

// freeGuesses are those before a guess has to wait: longer each time, up to an
// hour.
const freeGuesses = 5

// try takes a guess. It returns the token for the cookie; "" when the guess is
// wrong, or how long to wait until the next one counts.
func (s *Setup) try(code string, now time.Time) (token string, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Before(s.until) {
		return "", s.until.Sub(now)
	}
	guess := hashCode(code)
	if s.used || subtle.ConstantTimeCompare(guess[:], s.code[:]) != 1 {
		s.wrong++
		if over := s.wrong - freeGuesses; over >= 0 {
			s.until = now.Add(min(time.Hour, 10*time.Second<<min(over, 12)))
		}
		return "", 0
	}
	s.used = true
	token = rand.Text()
	s.token = sha256.Sum256([]byte(token))
	return token, 0
}

// knows reports whether a cookie is of who gave the code.
func (s *Setup) knows(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	guess := sha256.Sum256([]byte(token))
	return s.used && subtle.ConstantTimeCompare(guess[:], s.token[:]) == 1
}

// end forgets the cookie: there is an admin.
func (s *Setup) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used, s.token = true, [sha256.Size]byte{}
	_, _ = rand.Read(s.code[:])
	_, _ = rand.Read(s.token[:])
}
