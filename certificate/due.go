package certificate

import (
	"context"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"
)

// issuedFolder holds NAME.pem and NAME.key of what was issued.
const issuedFolder = "issued"

func (k *Keeper) issuedPath(name, kind string) string {
	return filepath.Join(k.path(issuedFolder), name+kind)
}

// loadHeld reads what was issued for the names earlier. What cannot be read is
// as good as missing: it is issued anew. With k.mu held.
func (k *Keeper) loadHeld() {
	for _, name := range k.names {
		if k.held[name] != nil {
			continue
		}
		pair, err := tls.LoadX509KeyPair(k.issuedPath(name, ".pem"), k.issuedPath(name, ".key"))
		if err == nil && pair.Leaf.VerifyHostname(name) == nil {
			k.held[name] = &pair
		} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
			k.log.Error("an issued certificate cannot be read and will be issued anew", "name", name, "error", err)
		}
	}
}

// obtainDue asks for every name that needs a certificate now and returns when
// the next one does.
func (k *Keeper) obtainDue(ctx context.Context) time.Time {
	next := k.now().Add(24 * time.Hour)
	for _, name := range k.wanted() {
		at := k.dueAt(name)
		if !at.After(k.now()) && ctx.Err() == nil {
			k.obtain(ctx, name)
			at = k.dueAt(name)
		}
		next = earlier(next, at)
	}
	return next
}

// wanted are the names that an authority may certify.
func (k *Keeper) wanted() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	var list []string
	for _, name := range k.names {
		if Public(name) && !k.inFiles(name) {
			list = append(list, name)
		}
	}
	return list
}

// inFiles reports whether the files have a certificate for the name.
func (k *Keeper) inFiles(name string) bool {
	return k.files != nil && k.files.pair.Leaf.VerifyHostname(name) == nil
}

// dueAt is when to ask for the name's certificate.
func (k *Keeper) dueAt(name string) time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	var due time.Time // now
	if cert := k.held[name]; cert != nil {
		due = renewAt(cert.Leaf, name)
	}
	if tries := k.tries[name]; tries != nil && tries.Next.After(due) {
		due = tries.Next
	}
	return due
}

// renewAt is when the last third of a certificate's life begins, or up to a
// twentieth of it earlier: a moment of each name's own, so that a machine's
// certificates, and all machines', are not renewed at once.
func renewAt(leaf *x509.Certificate, name string) time.Time {
	life := leaf.NotAfter.Sub(leaf.NotBefore)
	h := fnv.New32a()
	h.Write([]byte(name))
	h.Write(leaf.SerialNumber.Bytes())
	jitter := life / 20 * time.Duration(h.Sum32()%1000) / 1000
	return leaf.NotAfter.Add(-life/3 - jitter)
}

// obtain asks for one certificate, keeps it and shows it.
func (k *Keeper) obtain(ctx context.Context, name string) {
	cert, err := k.request(ctx, name)
	k.mu.Lock()
	defer k.mu.Unlock()
	if ctx.Err() != nil {
		return // the appliance stops: nobody's failure
	}
	if err != nil {
		tries := k.failed(name, err)
		level := slog.LevelInfo // of the names that many a domain does without
		if name == k.hostname {
			level = slog.LevelWarn
		}
		k.log.Log(ctx, level, "no certificate yet", "name", name, "reason", tries.Reason, "next_try", tries.Next, "error", err)
		return
	}
	k.held[name] = cert
	delete(k.tries, name)
	if !renewAt(cert.Leaf, name).After(k.now()) {
		// By this machine's clock it is due already. Asking again and again would
		// burn the authority's limits.
		k.note(name, "The new certificate ends soon or has ended, by this machine's clock. Check the clock.", nil)
	}
	k.saveAttempts()
	k.publish()
	k.log.Info("certificate issued", "name", name, "until", cert.Leaf.NotAfter, "issuer", cert.Leaf.Issuer.String())
}

// request is the part of obtain that takes long.
func (k *Keeper) request(ctx context.Context, name string) (*tls.Certificate, error) {
	key, err := k.keyOf(name)
	if err != nil {
		return nil, err
	}
	chain, err := k.issuer.issue(ctx, name, key)
	if err != nil {
		return nil, err
	}
	if err := writePEM(k.issuedPath(name, ".pem"), "CERTIFICATE", chain...); err != nil {
		return nil, fmt.Errorf("keep the certificate: %w", err)
	}
	return leafOf(chain, key)
}

// keyOf is the name's key, made if need be. A renewal keeps it: what DANE
// publishes is the key (RFC 7671 section 5.1).
func (k *Keeper) keyOf(name string) (*ecdsa.PrivateKey, error) {
	path := k.issuedPath(name, ".key")
	key, err := loadKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(path)
	}
	return key, err
}

// Forget removes what is kept for a name that is served no more.
func (k *Keeper) Forget(name string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.held, name)
	delete(k.tries, name)
	k.publish()
	var errs []error
	for _, kind := range []string{".pem", ".key", nextKey} {
		if err := os.Remove(k.issuedPath(name, kind)); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
