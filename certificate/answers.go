package certificate

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// answers are what the authority is shown when it asks back.
type answers struct {
	mu         sync.Mutex
	pages      map[string]string           // HTTP-01 (RFC 8555 section 8.3), by path
	handshakes map[string]*tls.Certificate // TLS-ALPN-01 (RFC 8737), by name
}

func newAnswers() *answers {
	return &answers{pages: map[string]string{}, handshakes: map[string]*tls.Certificate{}}
}

func (a *answers) page(path, text string) (withdraw func()) {
	return put(&a.mu, a.pages, path, text)
}

func (a *answers) handshake(name string, cert *tls.Certificate) (withdraw func()) {
	return put(&a.mu, a.handshakes, name, cert)
}

func put[V any](mu *sync.Mutex, m map[string]V, key string, value V) (remove func()) {
	mu.Lock()
	defer mu.Unlock()
	m[key] = value
	return func() {
		mu.Lock()
		defer mu.Unlock()
		delete(m, key)
	}
}

func (a *answers) certificate(name string) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if cert := a.handshakes[name]; cert != nil {
		return cert, nil
	}
	return nil, fmt.Errorf("nobody asked for a certificate for %q", name)
}

func (a *answers) text(path string) (string, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	text, ok := a.pages[path]
	return text, ok
}

// Handler answers HTTP-01 challenges, and the question whether a name leads
// here (see Reach), on port 80; all else is next's.
func (k *Keeper) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if k.issuer != nil {
			if text, ok := k.issuer.answers.text(r.URL.Path); ok {
				w.Header().Set("Content-Type", "text/plain")
				_, _ = io.WriteString(w, text)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
