package backup

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// bundleSize is how much a bundle holds at most, uncompressed. A bundle is in
	// memory whole, once for each sealer and in three forms.
	bundleSize = 2 << 20

	// sealers compress, encrypt and write bundles at once: more than one, as a
	// target far away answers slowly.
	sealers = 3
)

// An upload writes the bundles of one snapshot that the target lacks.
type upload struct {
	repo  *Repository
	group *errgroup.Group
	ctx   context.Context
	work  chan bundle
	spare chan []byte // buffers that nobody uses
	known known
	did   func(bytes int64)

	bundles, bytes atomic.Int64 // written, as they lie at the target
}

// A bundle is on its way to the target.
type bundle struct {
	name  Name
	plain []byte
}

// known are the bundles that are at the target; safe for concurrent use.
type known struct {
	mu    sync.Mutex
	names map[Name]bool
}

func (k *known) has(n Name) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.names[n]
}

// claim adds a name and reports whether it was new: whoever hears so writes it.
func (k *known) claim(n Name) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.names[n] {
		return false
	}
	k.names[n] = true
	return true
}

func newUpload(ctx context.Context, r *Repository, names map[Name]bool, hurry bool, did func(int64)) *upload {
	u := &upload{repo: r, work: make(chan bundle), spare: make(chan []byte, sealers+2), known: known{names: names}, did: did}
	u.group, u.ctx = errgroup.WithContext(ctx)
	n, rest := sealers, func(time.Duration) error { return nil }
	if !hurry && !r.target.Remote() { // a disk answers at once, and mail may live on it
		n, rest = 1, u.rest
	}
	for range n {
		u.group.Go(func() (err error) {
			if hurry {
				return u.seal(rest)
			}
			unhurried(func() { err = u.seal(rest) })
			return err
		})
	}
	return u
}

// rest waits as long as was worked. The kernel's priorities do not reach what is
// written behind, and what a flush of somebody else has to wait for.
func (u *upload) rest(worked time.Duration) error {
	select {
	case <-u.ctx.Done():
		return u.ctx.Err()
	case <-time.After(min(worked, time.Second)):
		return nil
	}
}

// buffer returns room for a bundle.
func (u *upload) buffer() []byte {
	select {
	case b := <-u.spare:
		return b[:0]
	default:
		return make([]byte, 0, bundleSize)
	}
}

// giveBack takes a buffer back.
func (u *upload) giveBack(b []byte) {
	select {
	case u.spare <- b:
	default:
	}
}

// put has a bundle written, unless it is there, and returns its name. The buffer
// is not the caller's any more.
func (u *upload) put(plain []byte) (Name, error) {
	name := u.repo.key.name(plain)
	if u.known.has(name) {
		u.did(int64(len(plain)))
		u.giveBack(plain)
		return name, nil
	}
	select {
	case u.work <- bundle{name, plain}:
		return name, nil
	case <-u.ctx.Done():
		return name, context.Cause(u.ctx)
	}
}

// seal writes what comes until there is no more, and rests after each bundle.
func (u *upload) seal(rest func(time.Duration) error) error {
	var r room
	for {
		select {
		case <-u.ctx.Done():
			return u.ctx.Err()
		case b, more := <-u.work:
			if !more {
				return nil
			}
			began := time.Now()
			if err := u.write(&r, b); err != nil {
				return err
			}
			if err := rest(time.Since(began)); err != nil {
				return err
			}
			u.did(int64(len(b.plain)))
			u.giveBack(b.plain)
		}
	}
}

func (u *upload) write(r *room, b bundle) error {
	if !u.known.claim(b.name) {
		return nil
	}
	sealed, err := u.repo.key.seal(r, b.plain)
	if err != nil {
		return err
	}
	if err := u.repo.target.Put(u.ctx, b.name.object(), sealed); err != nil {
		return err
	}
	u.bundles.Add(1)
	u.bytes.Add(int64(len(sealed)))
	return nil
}

// finish waits until everything is written. Afterwards nothing can be put.
func (u *upload) finish() error {
	close(u.work)
	return u.group.Wait()
}
