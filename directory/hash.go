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

// A Cost is what it takes to check a password, and so to guess one.
type Cost struct {
	Memory     uint32 // KiB of argon2id (RFC 9106), on one thread
	Passes     uint32 // of argon2id
	Iterations int    // of SCRAM's PBKDF2; clients refuse fewer than 4096
}

// defaultCost is OWASP's minimum for argon2id, 19 MiB and two passes: about
// 30 ms on a small server and 100 ms on a Raspberry Pi 4, in memory that both
// can spare.
//
// SCRAM's iterations are the client's work at each sign-in: some 20 ms on a
// laptop and 100 ms on a telephone (RFC 7677 section 4 asks for at least 4096,
// and for more where it can be borne). Many more would make old telephones wait;
// fewer would make a stolen database too easy to guess at, since what SCRAM
// keeps is weaker than argon2id.
func defaultCost() Cost { return Cost{Memory: 19 * 1024, Passes: 2, Iterations: 50_000} }

const (
	saltSize = 16
	keySize  = 32
)

// A hasher computes argon2id, a few at once: however many strangers try
// passwords, memory stays at slots times 19 MiB.
type hasher struct {
	cost     Cost
	slots    chan struct{}
	computed atomic.Int64
}

func newHasher(cost Cost) *hasher {
	return &hasher{cost: cost, slots: make(chan struct{}, min(runtime.GOMAXPROCS(0), 4))}
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
	return encodeHash(h.cost, salt, h.compute(h.cost, salt, password))
}

// verify compares in constant time. outdated means that the cost is not the
// present one. The caller holds a slot.
func (h *hasher) verify(encoded, password string) (ok, outdated bool, err error) {
	cost, salt, key, err := decodeHash(encoded)
	if err != nil {
		return false, false, err
	}
	got := h.compute(cost, salt, password)
	outdated = cost.Memory != h.cost.Memory || cost.Passes != h.cost.Passes
	return subtle.ConstantTimeCompare(got, key) == 1, outdated, nil
}

// dummy returns a hash that no password has, for users who do not exist: trying
// it costs what trying a real one does.
func (h *hasher) dummy() string {
	random := make([]byte, saltSize+keySize)
	rand.Read(random)
	return encodeHash(h.cost, random[:saltSize], random[saltSize:])
}

func (h *hasher) compute(c Cost, salt []byte, password string) []byte {
	h.computed.Add(1)
	return argon2.IDKey([]byte(password), salt, c.Passes, c.Memory, 1, keySize)
}

// encodeHash writes the PHC string format: $argon2id$v=19$m=19456,t=2,p=1$salt$key.
func encodeHash(c Cost, salt, key []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, c.Memory, c.Passes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
}

// decodeHash takes what encodeHash writes, with any cost that is not absurd.
func decodeHash(encoded string) (c Cost, salt, key []byte, err error) {
	fields := strings.Split(encoded, "$")
	if len(fields) != 6 || fields[0] != "" || fields[1] != "argon2id" || fields[2] != fmt.Sprint("v=", argon2.Version) {
		return c, nil, nil, fmt.Errorf("stored password hash is not argon2id version %d", argon2.Version)
	}
	var threads int
	if _, err := fmt.Sscanf(fields[3], "m=%d,t=%d,p=%d", &c.Memory, &c.Passes, &threads); err != nil {
		return c, nil, nil, fmt.Errorf("stored password hash has no cost: %w", err)
	}
	if c.Memory > 1<<20 || c.Passes < 1 || c.Passes > 100 || threads != 1 {
		return c, nil, nil, fmt.Errorf("stored password hash has an absurd cost")
	}
	if salt, err = base64.RawStdEncoding.DecodeString(fields[4]); err != nil {
		return c, nil, nil, fmt.Errorf("stored password hash has a damaged salt")
	}
	if key, err = base64.RawStdEncoding.DecodeString(fields[5]); err != nil || len(key) != keySize {
		return c, nil, nil, fmt.Errorf("stored password hash has a damaged key")
	}
	return c, salt, key, nil
}
