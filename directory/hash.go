package directory

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"

	"golang.org/x/crypto/argon2"
)

// hashParams are the cost of argon2id (RFC 9106).
type hashParams struct {
	memory  uint32 // KiB
	time    uint32 // passes
	threads uint8
}

const (
	saltSize = 16
	keySize  = 32
)

// A hasher computes argon2id, a few at once: however many strangers try
// passwords, memory stays at slots times 19 MiB.
type hasher struct {
	params   hashParams
	slots    chan struct{}
	computed atomic.Int64
}

// newHasher takes OWASP's minimum: 19 MiB and two passes, which is about 20 ms on
// a small server and 100 ms on a Raspberry Pi 4, in memory that both can spare.
func newHasher() *hasher {
	return &hasher{
		params: hashParams{memory: 19 * 1024, time: 2, threads: 1},
		slots:  make(chan struct{}, min(runtime.GOMAXPROCS(0), 4)),
	}
}

// slot waits for leave to compute, in order of arrival; give it back with done.
func (h *hasher) slot(ctx context.Context) (done func(), err error) {
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// hash returns a PHC string with a fresh salt. The caller holds a slot.
func (h *hasher) hash(password string) string {
	salt := make([]byte, saltSize)
	rand.Read(salt)
	return encodeHash(h.params, salt, h.compute(h.params, salt, password))
}

// verify compares in constant time. outdated means that the cost is not the
// present one. The caller holds a slot.
func (h *hasher) verify(encoded, password string) (ok, outdated bool, err error) {
	params, salt, key, err := decodeHash(encoded)
	if err != nil {
		return false, false, err
	}
	got := h.compute(params, salt, password)
	return subtle.ConstantTimeCompare(got, key) == 1, params != h.params, nil
}

// dummy returns a hash that no password has, for users who do not exist: trying
// it costs what trying a real one does.
func (h *hasher) dummy() string {
	random := make([]byte, saltSize+keySize)
	rand.Read(random)
	return encodeHash(h.params, random[:saltSize], random[saltSize:])
}

func (h *hasher) compute(p hashParams, salt []byte, password string) []byte {
	h.computed.Add(1)
	return argon2.IDKey([]byte(password), salt, p.time, p.memory, p.threads, keySize)
}

// encodeHash writes the PHC string format: $argon2id$v=19$m=19456,t=2,p=1$salt$key.
func encodeHash(p hashParams, salt, key []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.time, p.threads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
}

// decodeHash takes what encodeHash writes, with any cost that is not absurd.
func decodeHash(encoded string) (p hashParams, salt, key []byte, err error) {
	fields := strings.Split(encoded, "$")
	if len(fields) != 6 || fields[0] != "" || fields[1] != "argon2id" || fields[2] != fmt.Sprint("v=", argon2.Version) {
		return p, nil, nil, fmt.Errorf("stored password hash is not argon2id version %d", argon2.Version)
	}
	if _, err := fmt.Sscanf(fields[3], "m=%d,t=%d,p=%d", &p.memory, &p.time, &p.threads); err != nil {
		return p, nil, nil, fmt.Errorf("stored password hash has no cost: %w", err)
	}
	if p.memory > 1<<20 || p.time < 1 || p.time > 100 || p.threads < 1 {
		return p, nil, nil, fmt.Errorf("stored password hash has an absurd cost")
	}
	if salt, err = base64.RawStdEncoding.DecodeString(fields[4]); err != nil {
		return p, nil, nil, fmt.Errorf("stored password hash has a damaged salt")
	}
	if key, err = base64.RawStdEncoding.DecodeString(fields[5]); err != nil || len(key) != keySize {
		return p, nil, nil, fmt.Errorf("stored password hash has a damaged key")
	}
	return p, salt, key, nil
}
