package directory

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"
)

const (
	verifiedFor = 10 * time.Minute
	maxVerified = 4096
)

// verified remembers which passwords were right a short while ago, so that a
// client that reconnects every minute does not cost an argon2id computation each
// time. It holds neither passwords nor anything to guess them by: keys are HMACs
// under a key that lives and dies with the process.
//
// The credential's version is part of a key, and whoever asks has just read it
// from the database: a changed password ends the entry at once.
type verified struct {
	key [32]byte

	mu    sync.Mutex
	until map[verifiedEntry]time.Time
}

// A verifiedEntry stands for a right password.
type verifiedEntry [sha256.Size]byte

func newVerified() *verified {
	v := &verified{until: map[verifiedEntry]time.Time{}}
	rand.Read(v.key[:])
	return v
}

func (v *verified) entry(user, version int64, password string) (entry verifiedEntry) {
	mac := hmac.New(sha256.New, v.key[:])
	fixed := binary.BigEndian.AppendUint64(nil, uint64(user))
	mac.Write(binary.BigEndian.AppendUint64(fixed, uint64(version)))
	mac.Write([]byte(password))
	mac.Sum(entry[:0])
	return entry
}

func (v *verified) has(now time.Time, entry verifiedEntry) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return now.Before(v.until[entry])
}

// add is rare and follows an expensive computation: it may look at every entry.
func (v *verified) add(now time.Time, entry verifiedEntry) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for old, until := range v.until {
		if !now.Before(until) {
			delete(v.until, old)
		}
	}
	for old := range v.until {
		if len(v.until) < maxVerified {
			break
		}
		delete(v.until, old) // any one: it costs its client one computation
	}
	v.until[entry] = now.Add(verifiedFor)
}
