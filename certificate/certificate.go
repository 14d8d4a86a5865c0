// Package certificate keeps what the servers show to prove who they are: for
// each served name a certificate that an ACME authority issued (RFC 8555)
// without anybody acting, or that is read from files which somebody else renews;
// and for every name that has neither yet one that this machine signed itself.
//
// Servers ask for a certificate with each connection and are never made to wait:
// GetCertificate answers from memory what is best at the moment. Keeper.Run
// obtains and renews behind them. What is in memory changes as a whole, by one
// pointer, so that a connection under way keeps what it began with.
package certificate

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/acme"
)

// Options of Open.
type Options struct {
	Dir      string // keys and certificates, each 0600
	Hostname string // the name of this machine: always served

	// Certificate and Key name PEM files that somebody else renews. They are
	// shown for the names in them, read again when they change.
	Certificate, Key string

	Authority *Authority // nil: nobody is asked
	Log       *slog.Logger
	Now       func() time.Time // nil: time.Now
}

// Keeper is safe for concurrent use.
type Keeper struct {
	dir      string
	hostname string
	files    *files
	issuer   *issuer // nil: nobody is asked
	log      *slog.Logger
	now      func() time.Time

	current atomic.Pointer[shown]
	changed chan struct{} // wakes Run: there are other names

	mu    sync.Mutex // guards what follows, and the making of a new current
	names []string
	own   *tls.Certificate
	held  map[string]*tls.Certificate // issued, by name
	tries map[string]*attempts        // by name; kept in a file
}

// shown is what GetCertificate answers from; it is never changed.
type shown struct {
	own   *tls.Certificate            // for every name without a better one
	named map[string]*tls.Certificate // by name in lower case
}

// Open loads what is kept in the folder and signs a certificate of its own if
// there is none that fits. Nobody is asked before Run.
func Open(o Options) (*Keeper, error) {
	k := &Keeper{
		dir:      o.Dir,
		hostname: strings.ToLower(o.Hostname),
		log:      o.Log,
		now:      o.Now,
		changed:  make(chan struct{}, 1),
		held:     map[string]*tls.Certificate{},
	}
	if k.log == nil {
		k.log = slog.New(slog.DiscardHandler)
	}
	if k.now == nil {
		k.now = time.Now
	}
	if err := k.signOwn(); err != nil {
		return nil, err
	}
	if o.Certificate != "" {
		k.files = &files{certificate: o.Certificate, key: o.Key}
		if _, err := k.files.load(); err != nil {
			return nil, err
		}
	}
	if o.Authority != nil {
		if err := k.openIssuer(o.Authority); err != nil {
			return nil, err
		}
	}
	k.Serve(nil)
	return k, nil
}

// Serve says which names are served beside the host name. Those that are new
// get a certificate as soon as Run comes to it.
func (k *Keeper) Serve(names []string) {
	k.mu.Lock()
	k.names = unique(append([]string{k.hostname}, names...))
	if k.issuer != nil {
		k.loadHeld()
	}
	k.publish()
	k.mu.Unlock()
	select {
	case k.changed <- struct{}{}:
	default:
	}
}

// unique brings names into lower case and drops what comes twice.
func unique(names []string) []string {
	var list []string
	seen := map[string]bool{}
	for _, name := range names {
		if name = strings.ToLower(name); name != "" && !seen[name] {
			seen[name] = true
			list = append(list, name)
		}
	}
	return list
}

// publish makes what is held the current answer. With k.mu held.
func (k *Keeper) publish() {
	s := &shown{own: k.own, named: map[string]*tls.Certificate{}}
	for name, cert := range k.held {
		s.named[name] = cert
	}
	if k.files != nil {
		for _, name := range k.files.pair.Leaf.DNSNames {
			s.named[strings.ToLower(name)] = k.files.pair
		}
	}
	k.current.Store(s)
}

// Config is for all servers but HTTPS. TLS 1.2 is the least (RFC 8996), with
// the suites that Go holds secure.
func (k *Keeper) Config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: k.get}
}

// WebConfig is for HTTPS on port 443: it also answers the authority's
// TLS-ALPN-01 challenges (RFC 8737).
func (k *Keeper) WebConfig() *tls.Config {
	c := k.Config()
	c.NextProtos = []string{"h2", "http/1.1", acme.ALPNProto}
	return c
}

func (k *Keeper) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := strings.TrimSuffix(strings.ToLower(hello.ServerName), ".")
	if k.issuer != nil && len(hello.SupportedProtos) == 1 && hello.SupportedProtos[0] == acme.ALPNProto {
		return k.issuer.answers.certificate(name)
	}
	return k.current.Load().find(name, k.hostname), nil
}

// find returns the certificate for a name. A client that names none, as old
// ones and many mail servers do, gets that of the host name.
func (s *shown) find(name, hostname string) *tls.Certificate {
	if cert := s.named[name]; cert != nil {
		return cert
	}
	if _, parent, ok := strings.Cut(name, "."); ok {
		if cert := s.named["*."+parent]; cert != nil {
			return cert
		}
	}
	if cert := s.named[hostname]; cert != nil && (name == "" || name == hostname) {
		return cert
	}
	return s.own
}

// Leaf is what is shown for the host name. It is not to be changed.
func (k *Keeper) Leaf() *tls.Certificate {
	return k.current.Load().find(k.hostname, k.hostname)
}

// Fingerprint is the SHA-256 of what is shown for the host name, as mail
// clients show it.
func (k *Keeper) Fingerprint() string {
	sum := sha256.Sum256(k.Leaf().Certificate[0])
	return strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":")
}

// Run obtains, renews and reads again until ctx ends. It returns nil: what
// fails is logged, shown by Status, and tried again.
func (k *Keeper) Run(ctx context.Context) error {
	for {
		next := k.round(ctx)
		timer := time.NewTimer(next.Sub(k.now()))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-k.changed:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// watch is how often files are looked at.
const watch = time.Minute

// round does what is due and returns when there is something to do next.
func (k *Keeper) round(ctx context.Context) time.Time {
	if err := k.signOwn(); err != nil {
		k.log.Error("cannot renew the certificate that this machine signs itself", "error", err)
	}
	next := k.now().Add(24 * time.Hour)
	if k.files != nil {
		k.readFiles()
		next = earlier(next, k.now().Add(watch))
	}
	if k.issuer != nil {
		next = earlier(next, k.obtainDue(ctx))
	}
	return next
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
