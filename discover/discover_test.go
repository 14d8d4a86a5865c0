package discover

import (
	"context"
	"crypto/tls"
	"encoding/xml"
	"errors"
	"flag"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func pages(t testing.TB, trusted bool) http.Handler {
	s := &Settings{
		Hostname: "mail.harbour.net",
		IMAPS:    993, IMAP: 143, Submissions: 465, Submit: 587, HTTPS: 443,
		PolicyMode: "testing",
		Hosts: func(_ context.Context, domain string) (bool, error) {
			if domain == "broken.net" {
				return false, errors.New("no database")
			}
			return domain == "harbour.net", nil
		},
		Trusted:     func() bool { return trusted },
		Certificate: func() *tls.Certificate { return harbour(t).leaf },
		Log:         slog.New(slog.DiscardHandler),
	}
	mux := http.NewServeMux()
	s.Handle(mux)
	return mux
}

// outlook is what Outlook posts.
const outlook = `<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006">
  <Request>
    <EMailAddress>anna@harbour.net</EMailAddress>
    <AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema>
  </Request>
</Autodiscover>`

// mobileSync is what a phone posts that hopes for Exchange.
var mobileSync = strings.NewReplacer("outlook/requestschema", "mobilesync/requestschema",
	"outlook/responseschema/2006a", "mobilesync/responseschema/2006").Replace(outlook)

// exchange is what asks for Exchange's own protocols.
var exchange = strings.Replace(outlook, "outlook/responseschema/2006a", "exchange/responseschema/2006", 1)

func TestPages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, method, url, body string
		status                  int
		golden                  string
	}{
		{"thunderbird", "GET", "https://autoconfig.harbour.net/mail/config-v1.1.xml?emailaddress=anna%40harbour.net", "", 200, "autoconfig.xml"},
		{"thunderbird, at the domain", "GET", "https://harbour.net/.well-known/autoconfig/mail/config-v1.1.xml", "", 200, "autoconfig.xml"},
		{"k-9, capitals", "GET", "https://autoconfig.Harbour.net:8443/mail/config-v1.1.xml?emailaddress=Anna@HARBOUR.NET", "", 200, "autoconfig.xml"},
		{"another domain", "GET", "https://autoconfig.harbour.net/mail/config-v1.1.xml?emailaddress=a@elsewhere.net", "", 404, ""},
		{"a database that fails", "GET", "https://x/mail/config-v1.1.xml?emailaddress=a@broken.net", "", 404, ""},
		{"outlook", "POST", "https://autodiscover.harbour.net/autodiscover/autodiscover.xml", outlook, 200, "autodiscover.xml"},
		{"outlook, capitals", "POST", "https://harbour.net/Autodiscover/Autodiscover.xml", outlook, 200, "autodiscover.xml"},
		{"exchange probe", "POST", "https://harbour.net/Autodiscover/Autodiscover.xml", mobileSync, 404, ""},
		{"exchange service", "POST", "https://harbour.net/EWS/Exchange.asmx", "", 404, ""},
		{"activesync", "OPTIONS", "https://harbour.net/Microsoft-Server-ActiveSync", "", 404, ""},
		{"no request", "POST", "https://harbour.net/autodiscover/autodiscover.xml", "hello", 400, ""},
		{"no address", "POST", "https://harbour.net/autodiscover/autodiscover.xml", "<Autodiscover/>", 400, ""},
		{"json", "GET", "https://harbour.net/autodiscover/autodiscover.json?Email=anna@harbour.net&Protocol=Autodiscoverv1", "", 200, "autodiscover.json"},
		{"json, in the path", "GET", "https://harbour.net/autodiscover/autodiscover.json/v1.0/anna@harbour.net?Protocol=AutodiscoverV1", "", 200, "autodiscover.json"},
		{"json for exchange", "GET", "https://harbour.net/autodiscover/autodiscover.json?Email=anna@harbour.net&Protocol=ActiveSync", "", 404, "exchange.json"},
		{"fairemail", "GET", "https://autoconfig.harbour.net/mail/config-v1.1.xml?emailaddress=anna@harbour.net", "", 200, "autoconfig.xml"},
		{"delta chat", "GET", "https://harbour.net/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=anna%40harbour.net", "", 200, "autoconfig.xml"},
		{"delta chat, autodiscover", "GET", "https://autodiscover.harbour.net/autodiscover/autodiscover.xml", "", 200, "autodiscover-domain.xml"},
		{"autodiscover of another domain", "GET", "https://autodiscover.elsewhere.net/autodiscover/autodiscover.xml", "", 404, ""},
		{"thunderbird, hoping for exchange", "POST", "https://autodiscover.harbour.net/autodiscover/autodiscover.xml", exchange, 404, ""},
		{"outlook, json with a redirect count", "GET", "https://harbour.net/autodiscover/autodiscover.json?Email=anna%40harbour.net&Protocol=Autodiscoverv1&RedirectCount=1", "", 200, "autodiscover.json"},
		{"json of another domain", "GET", "https://harbour.net/autodiscover/autodiscover.json?Email=a@elsewhere.net&Protocol=Autodiscoverv1", "", 404, ""},
		{"apple, another domain", "GET", "https://mail.harbour.net/apple.mobileconfig?emailaddress=a@elsewhere.net", "", 404, ""},
		{"apple, no address", "GET", "https://harbour.net/apple.mobileconfig", "", 404, ""},
		{"apple, an endless address", "GET", "https://harbour.net/apple.mobileconfig?emailaddress=" + strings.Repeat("a", 400) + "@harbour.net", "", 404, ""},
		{"pacc", "GET", "https://ua-auto-config.harbour.net/.well-known/user-agent-configuration.json", "", 200, "pacc.json"},
		{"pacc of another domain", "GET", "https://ua-auto-config.elsewhere.net/.well-known/user-agent-configuration.json", "", 404, ""},
		{"policy", "GET", "https://mta-sts.harbour.net/.well-known/mta-sts.txt", "", 200, "mta-sts.txt"},
		{"policy under another name", "GET", "https://mail.harbour.net/.well-known/mta-sts.txt", "", 404, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			pages(t, true).ServeHTTP(w, httptest.NewRequest(c.method, c.url, strings.NewReader(c.body)))
			if w.Code != c.status {
				t.Fatalf("status %d, want %d", w.Code, c.status)
			}
			if w.Code == http.StatusUnauthorized || w.Header().Get("WWW-Authenticate") != "" {
				t.Error("asks for a password")
			}
			if c.golden != "" {
				compare(t, c.golden, w.Body.String())
			}
		})
	}
}

func compare(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("not what %s says:\n%s", file, diff)
	}
}

// TestNoPolicyWithoutTrust keeps a machine with a certificate of its own from
// telling others to trust only certificates of an authority.
func TestNoPolicyWithoutTrust(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	pages(t, false).ServeHTTP(w, httptest.NewRequest("GET", "https://mta-sts.harbour.net/.well-known/mta-sts.txt", nil))
	if w.Code != http.StatusNotFound {
		t.Errorf("status %d", w.Code)
	}
}

// TestAddressIsEscaped: the address comes back in the answer.
func TestAddressIsEscaped(t *testing.T) {
	t.Parallel()
	body := strings.Replace(outlook, "anna@", "&lt;b>&amp;anna@", 1)
	w := httptest.NewRecorder()
	pages(t, true).ServeHTTP(w, httptest.NewRequest("POST", "https://harbour.net/autodiscover/autodiscover.xml", strings.NewReader(body)))
	var reply discoverReply
	if err := xml.Unmarshal(w.Body.Bytes(), &reply); err != nil || reply.Response.Account.Protocols[0].LoginName != "<b>&anna@harbour.net" {
		t.Errorf("%v, %s", err, w.Body.String())
	}
}

func FuzzAutodiscover(f *testing.F) {
	f.Add(outlook)
	f.Add(mobileSync)
	f.Add("<Autodiscover/>")
	f.Fuzz(func(t *testing.T, body string) {
		w := httptest.NewRecorder()
		pages(t, true).ServeHTTP(w, httptest.NewRequest("POST", "https://harbour.net/autodiscover/autodiscover.xml", strings.NewReader(body)))
		if w.Code == http.StatusOK && xml.Unmarshal(w.Body.Bytes(), new(discoverReply)) != nil {
			t.Errorf("the answer is no XML: %s", w.Body.String())
		}
	})
}
