package discover

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestConfigurationIsWhatTheDNSSays: the hash that is published is that of the
// bytes that are served.
func TestConfigurationIsWhatTheDNSSays(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	pages(t, true).ServeHTTP(w, httptest.NewRequest("GET", "https://ua-auto-config.harbour.net/.well-known/user-agent-configuration.json", nil))
	sum := sha256.Sum256(w.Body.Bytes())
	want := "v=UAAC1; a=sha256; d=" + base64.StdEncoding.EncodeToString(sum[:])
	if got := ConfigurationRecord(settings(t).Configuration("harbour.net")); got != want {
		t.Errorf("the DNS says %q, the page needs %q", got, want)
	}
}

// TestNamesThatSayNothing are not published, and need no certificate.
func TestNamesThatSayNothing(t *testing.T) {
	t.Parallel()
	s := settings(t)
	s.PolicyMode = "enforce"
	if got := strings.Join(s.Names("harbour.net"), " "); got != "autoconfig.harbour.net autodiscover.harbour.net mta-sts.harbour.net ua-auto-config.harbour.net" {
		t.Errorf("all: %s", got)
	}
	s.PolicyMode, s.IMAPS = "", 1993
	if got := strings.Join(s.Names("harbour.net"), " "); got != "autoconfig.harbour.net autodiscover.harbour.net" {
		t.Errorf("no policy, a port that PACC cannot name: %s", got)
	}
}
