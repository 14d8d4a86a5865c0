package backup

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
)

// A Name is that of a bundle: HMAC-SHA256 of what is in it, so that what is
// there already is not written again, and what was exchanged is noticed.
type Name [sha256.Size]byte

func (n Name) String() string { return hex.EncodeToString(n[:]) }

// object is the name at the target, spread over folders.
func (n Name) object() string {
	s := n.String()
	return dataFolder + "/" + s[:2] + "/" + s
}

var errNoName = errors.New("no name of a bundle")

func parseName(text string) (n Name, err error) {
	if len(text) != 2*len(n) {
		return n, fmt.Errorf("%w: %.80q", errNoName, text)
	}
	if _, err := hex.Decode(n[:], []byte(text)); err != nil {
		return n, fmt.Errorf("%w: %q", errNoName, text)
	}
	return n, nil
}

// name computes the name of a bundle.
func (k *Key) name(plain []byte) (n Name) {
	mac := hmac.New(sha256.New, k.naming)
	mac.Write(plain)
	mac.Sum(n[:0])
	return n
}

// maxObject bounds what an object may unpack to.
const maxObject = 256 << 20

// codec holds the compressor and its reverse. Each is made when it is first
// needed and is safe for concurrent use through its All methods. packed has buffers
// for what is decrypted: a restore reads thousands of objects one after the other.
var codec = struct {
	encoder func() (*zstd.Encoder, error)
	decoder func() (*zstd.Decoder, error)
	packed  sync.Pool
}{
	encoder: sync.OnceValues(func() (*zstd.Encoder, error) {
		return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(sealers),
			zstd.WithWindowSize(1<<20), zstd.WithLowerEncoderMem(true))
	}),
	decoder: sync.OnceValues(func() (*zstd.Decoder, error) {
		return zstd.NewReader(nil, zstd.WithDecoderConcurrency(sealers), zstd.WithDecoderMaxMemory(maxObject))
	}),
	packed: sync.Pool{New: func() any { return new(bytes.Buffer) }},
}

// A room is memory for sealing, used again for one object after the other.
type room struct {
	packed []byte
	sealed bytes.Buffer
}

// seal compresses and, where the key says so, encrypts an object. What it returns
// is valid until the room is used again.
func (k *Key) seal(r *room, plain []byte) ([]byte, error) {
	encoder, err := codec.encoder()
	if err != nil {
		return nil, err
	}
	r.packed = encoder.EncodeAll(plain, r.packed[:0])
	if k.identity == nil {
		return r.packed, nil
	}
	r.sealed.Reset()
	w, err := age.Encrypt(&r.sealed, k.identity.Recipient())
	if err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	if _, err := w.Write(r.packed); err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	return r.sealed.Bytes(), nil
}

// open is the reverse of seal. What was changed at the target is an error.
func (k *Key) open(sealed []byte) ([]byte, error) {
	packed := sealed
	if k.identity != nil {
		r, err := age.Decrypt(bytes.NewReader(sealed), k.identity)
		if err != nil {
			return nil, fmt.Errorf("decrypt: %w", err)
		}
		b := codec.packed.Get().(*bytes.Buffer)
		defer codec.packed.Put(b)
		b.Reset()
		b.Grow(len(sealed) + bytes.MinRead)
		if _, err := b.ReadFrom(r); err != nil {
			return nil, fmt.Errorf("decrypt: %w", err)
		}
		packed = b.Bytes()
	}
	decoder, err := codec.decoder()
	if err != nil {
		return nil, err
	}
	plain, err := decoder.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	return plain, nil
}
