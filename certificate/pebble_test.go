package certificate

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"letterbox/internal/zone"
)

// TestMain sets Pebble's chaos: every fifth nonce is refused, every validation
// takes its time.
func TestMain(m *testing.M) {
	os.Setenv("PEBBLE_WFE_NONCEREJECT", "20")
	os.Setenv("PEBBLE_VA_SLEEPTIME", "1")
	os.Setenv("PEBBLE_AUTHZREUSE", "0")
	os.Exit(m.Run())
}

// pebble is an authority with its DNS, and a machine that can be reached.
type pebble struct {
	directory string
	client    *http.Client
	roots     *x509.CertPool
	db        *db.MemoryStore
	zone      *zone.Zone
	orders    atomic.Int64 // that were asked for
	down      atomic.Bool

	http, https net.Listener // where the authority looks for ports 80 and 443
}

// life is how long Pebble's certificates are valid, as Let's Encrypt's.
const life = 90 * 24 * time.Hour

func newPebble(t *testing.T) *pebble {
	t.Helper()
	p := &pebble{http: listen(t), https: listen(t), zone: zone.Serve(t, ""), db: db.NewMemoryStore()}
	quiet := log.New(io.Discard, "", 0)
	authority := ca.New(quiet, p.db, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {ValidityPeriod: uint64(life.Seconds())}})
	validation := va.New(quiet, port(p.http), port(p.https), true, p.zone.Addr, p.db)
	front := wfe.New(quiet, p.db, validation, authority, []string{"pebble.example"}, true, false, 1, 1)
	handler := front.Handler()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "order-plz") {
			p.orders.Add(1)
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	p.directory = server.URL + wfe.DirectoryPath
	p.client = &http.Client{Transport: &switched{server.Client().Transport, &p.down}}
	p.roots = x509.NewCertPool()
	p.roots.AddCert(authority.GetRootCert(0).Cert)
	return p
}

// switched fails while the authority is down.
type switched struct {
	under http.RoundTripper
	down  *atomic.Bool
}

func (s *switched) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.down.Load() {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	}
	return s.under.RoundTrip(r)
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

func port(ln net.Listener) int { return ln.Addr().(*net.TCPAddr).Port }

// clock is moved by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Now()} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

// open opens a keeper that asks this authority.
func (p *pebble) open(t *testing.T, dir string, c *clock, change func(*Authority)) *Keeper {
	t.Helper()
	a := &Authority{Directory: p.directory, HTTP: p.client, Contact: "admin@harbour.net"}
	if change != nil {
		change(a)
	}
	k := openAt(t, Options{Dir: dir, Hostname: "mail.harbour.net", Authority: a, Now: c.Now, Log: slog.New(slog.DiscardHandler)})
	k.issuer.client.RetryBackoff = func(int, *http.Request, *http.Response) time.Duration { return 5 * time.Millisecond }
	return k
}

// servePort80 answers the authority over HTTP.
func (p *pebble) servePort80(t *testing.T, k *Keeper) {
	server := &http.Server{Handler: k.Handler(http.NotFoundHandler())}
	go server.Serve(p.http)
	t.Cleanup(func() { server.Close() })
}

// servePort443 shakes hands with the authority and greets the others.
func (p *pebble) servePort443(t *testing.T, k *Keeper) {
	ln := tls.NewListener(p.https, k.WebConfig())
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go io.Copy(conn, conn)
		}
	}()
}

// dial connects to port 443 as a client that trusts the authority alone.
func (p *pebble) dial(t *testing.T, name string) (*tls.Conn, error) {
	t.Helper()
	return tls.Dial("tcp", p.https.Addr().String(), &tls.Config{RootCAs: p.roots, ServerName: name})
}

// point lets a name lead to an address.
func (p *pebble) point(t *testing.T, name, address string) {
	t.Helper()
	p.zone.Remove(name)
	p.zone.Add(t, name+". A "+address)
}

// resolver asks the authority's DNS.
func (p *pebble) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, p.zone.Addr)
	}}
}

// toPort80 is a client for which the listener is port 80 of every address.
func (p *pebble) toPort80() *http.Client {
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, _ := net.SplitHostPort(address)
		return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort(host, strconv.Itoa(port(p.http))))
	}
	return &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}
}
