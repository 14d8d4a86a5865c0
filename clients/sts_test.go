package clients

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"letterbox/internal/zone"
)

// TestMTASTS sends to three domains of one Postfix, which can show that it is mx.far.example
// and nobody else: one that demands no more, one that demands more, and one that
// would only like to know.
func TestMTASTS(t *testing.T) {
	t.Parallel()
	modes := map[string]string{"far.example": "enforce", "strict.example": "enforce", "trying.example": "testing"}
	p := startPostfix(t, "")
	p.publish(modes)
	var records strings.Builder
	for domain := range modes {
		fmt.Fprintf(&records, "%[1]s. MX 10 mx.%[1]s.\nmx.%[1]s. A %[2]s\nmta-sts.%[1]s. A %[2]s\n_mta-sts.%[1]s. TXT \"v=STSv1; id=1;\"\n", domain, p.host)
	}
	l := newLetterbox(t)
	l.env = []string{"SSL_CERT_FILE=" + p.authority.file(), "SSL_CERT_DIR=" + t.TempDir()}
	l.open(inWorld(zone.Serve(t, records.String()), freePort(t))...)

	l.write(sample("by policy"), "bob@far.example", "bob@strict.example", "bob@trying.example")
	for _, to := range []string{"bob@far.example", "bob@trying.example"} {
		if e := l.trace(to, "sent"); !strings.HasPrefix(e.Reply, "250 2.0.0") {
			t.Errorf("%s: %+v", to, e)
		}
	}
	if e := l.trace("bob@strict.example", "deferred"); !strings.Contains(e.Reply, "MTA-STS") {
		t.Errorf("noted: %+v", e)
	}
	for _, message := range p.mail(2) {
		if !strings.Contains(message, "with ESMTPS") || strings.Contains(message, "for <bob@strict.example>") {
			t.Errorf("arrived:\n%s", message)
		}
	}
	if said := l.output.String(); strings.Count(said, "MTA-STS would refuse a server") != 1 || !strings.Contains(said, "domain=trying.example") {
		t.Error("what testing is for is not noted")
	}
}

// publish serves policies from the web server of the server's address. Each names the
// domain's server as the DNS does.
func (s *server) publish(modes map[string]string) {
	s.t.Helper()
	ln, err := net.Listen("tcp", s.host+":443")
	if err != nil {
		s.t.Fatal(err)
	}
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		domain := strings.TrimPrefix(r.Host, "mta-sts.")
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprintf(w, "version: STSv1\r\nmode: %s\r\nmx: mx.%s\r\nmax_age: 86400\r\n", modes[domain], domain)
	}))
	var names []string
	for domain := range modes {
		names = append(names, "mta-sts."+domain)
	}
	web.Listener.Close()
	web.Listener, web.TLS = ln, &tls.Config{Certificates: []tls.Certificate{s.authority.issue(names...)}}
	web.StartTLS()
	s.t.Cleanup(web.Close)
}

// file is the authority's certificate in a file, for whom is to trust it.
func (a *authority) file() string {
	a.t.Helper()
	path := filepath.Join(a.t.TempDir(), "authority.pem")
	if err := os.WriteFile(path, pemCertificate(a.cert.Raw), 0o644); err != nil {
		a.t.Fatal(err)
	}
	return path
}
