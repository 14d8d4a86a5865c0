package certificate

import (
	"crypto/tls"
	"fmt"
	"os"
	"time"
)

// files are a certificate and a key that somebody else renews.
type files struct {
	certificate, key string

	pair *tls.Certificate // with Keeper.mu held
	read time.Time        // the younger of the files' times when pair was read
}

// load reads the files if they are younger than what was read, and reports
// whether they were. What was read before stays when they cannot be used: most
// often somebody is still writing them.
func (f *files) load() (changed bool, err error) {
	var young time.Time
	for _, name := range []string{f.certificate, f.key} {
		info, err := os.Stat(name)
		if err != nil {
			return false, fmt.Errorf("tls.certificate, tls.key: %w", err)
		}
		if info.ModTime().After(young) {
			young = info.ModTime()
		}
	}
	if f.pair != nil && young.Equal(f.read) {
		return false, nil
	}
	pair, err := tls.LoadX509KeyPair(f.certificate, f.key)
	if err != nil {
		return false, fmt.Errorf("tls.certificate, tls.key: %s and %s are no pair: %w", f.certificate, f.key, err)
	}
	f.pair, f.read = &pair, young
	return true, nil
}

// readFiles looks whether the files changed.
func (k *Keeper) readFiles() {
	k.mu.Lock()
	defer k.mu.Unlock()
	changed, err := k.files.load()
	switch {
	case err != nil:
		k.log.Error("the certificate's files cannot be read; what was read before is shown", "error", err)
	case changed:
		k.publish()
		k.log.Info("certificate read", "file", k.files.certificate, "until", k.files.pair.Leaf.NotAfter)
	}
}
