package discover

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"encoding/xml"
	"math/big"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"
)

// An authority has issued a certificate for mail.harbour.net.
type authority struct {
	root *x509.Certificate
	leaf *tls.Certificate
}

var testAuthority = sync.OnceValues(func() (*authority, error) {
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Harbour authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	rootRaw, err := x509.CreateCertificate(rand.Reader, root, root, rootKey.Public(), rootKey)
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), DNSNames: []string{"mail.harbour.net"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	leafRaw, err := x509.CreateCertificate(rand.Reader, leaf, root, key.Public(), rootKey)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParseCertificate(rootRaw)
	return &authority{parsed, &tls.Certificate{Certificate: [][]byte{leafRaw, rootRaw}, PrivateKey: key}}, err
})

func harbour(t testing.TB) *authority {
	t.Helper()
	a, err := testAuthority()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// content opens a signed profile as a device does: the signature must be right
// and lead to the authority.
func content(t testing.TB, signed []byte) string {
	t.Helper()
	p7, err := pkcs7.Parse(signed)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(harbour(t).root)
	if err := p7.VerifyWithChain(roots); err != nil {
		t.Fatal(err)
	}
	return string(p7.Content)
}

func settings(t testing.TB) *Settings {
	return &Settings{Hostname: "mail.harbour.net", IMAPS: 993, Submissions: 465,
		Certificate: func() *tls.Certificate { return harbour(t).leaf }}
}

// TestProfile: what an app password's page hands out.
func TestProfile(t *testing.T) {
	t.Parallel()
	signed, err := settings(t).Profile(Person{Address: "anna@harbour.net", Name: "Anna <Quay> & Co", Password: "kite-9]]>&amp;"})
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "anna.mobileconfig", content(t, signed))
}

// TestProfileIsReadByOthers: OpenSSL confirms the signature, and Python's reader
// of property lists finds in it what was put in.
func TestProfileIsReadByOthers(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"openssl", "python3"} {
		if _, err := exec.LookPath(program); err != nil && os.Getenv("LETTERBOX_CLIENTS") != "require" {
			t.Skipf("%s is not installed", program)
		}
	}
	signed, err := settings(t).Profile(Person{Address: "anna@harbour.net", Name: "Änne <Quay> & Co", Password: "kite-9]]>&amp;"})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	root, plain := filepath.Join(dir, "root.pem"), filepath.Join(dir, "plain")
	if err := os.WriteFile(root, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: harbour(t).root.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	verify := exec.Command("openssl", "cms", "-verify", "-inform", "DER", "-CAfile", root, "-purpose", "any", "-out", plain)
	verify.Stdin = bytes.NewReader(signed)
	if out, err := verify.CombinedOutput(); err != nil {
		t.Fatalf("openssl: %v: %s", err, out)
	}
	read := exec.Command("python3", "-c", "import plistlib, json, sys; json.dump(plistlib.load(open(sys.argv[1], 'rb')), sys.stdout)", plain)
	out, err := read.Output()
	if err != nil {
		t.Fatalf("plistlib: %v: %s", err, out)
	}
	var profile struct{ PayloadContent []map[string]any }
	if err := json.Unmarshal(out, &profile); err != nil || len(profile.PayloadContent) != 1 {
		t.Fatalf("%v: %s", err, out)
	}
	mail := profile.PayloadContent[0]
	if mail["EmailAccountName"] != "Änne <Quay> & Co" || mail["IncomingPassword"] != "kite-9]]>&amp;" ||
		mail["IncomingMailServerPortNumber"] != 993.0 || mail["OutgoingMailServerUseSSL"] != true {
		t.Errorf("it says %v", mail)
	}
}

// TestProfilePage: what anybody gets who knows an address has no password in it,
// is the same profile each time, and another one for another address.
func TestProfilePage(t *testing.T) {
	t.Parallel()
	page := func(address string) string {
		w := httptest.NewRecorder()
		pages(t, true).ServeHTTP(w, httptest.NewRequest("GET", "https://mail.harbour.net/apple.mobileconfig?emailaddress="+url.QueryEscape(address), nil))
		if got := w.Header().Get("Content-Type"); w.Code != 200 || got != "application/x-apple-aspen-config" {
			t.Fatalf("%s: status %d, %s", address, w.Code, got)
		}
		if w.Header().Get("Cache-Control") != "no-store" {
			t.Error("it may be kept on the way")
		}
		return content(t, w.Body.Bytes())
	}
	first := page("anna@harbour.net")
	if strings.Contains(first, "<key>IncomingPassword</key>") {
		t.Error("there is a password in it")
	}
	if first != page("anna@harbour.net") {
		t.Error("a second one would not take the place of the first")
	}
	if id := "<key>PayloadUUID</key><string>"; cut(first, id) == cut(page("ben@harbour.net"), id) {
		t.Error("two people have one profile")
	}
}

func cut(text, after string) string {
	_, rest, _ := strings.Cut(text, after)
	return rest[:36]
}

// TestNoProfileWithoutServers says why.
func TestNoProfileWithoutServers(t *testing.T) {
	t.Parallel()
	s := settings(t)
	s.Submissions = 0
	if _, err := s.Profile(Person{Address: "anna@harbour.net"}); err == nil || !strings.Contains(err.Error(), "submission") {
		t.Error(err)
	}
}

// FuzzProfile: whatever the address, the profile is well-formed and says nothing
// else than without it.
func FuzzProfile(f *testing.F) {
	f.Add("anna@harbour.net", "Anna", "tulips in may")
	f.Add("</string><key>x</key>@harbour.net", "\x00\xff", "]]>")
	f.Fuzz(func(t *testing.T, address, name, password string) {
		s := settings(t)
		text := plist(s.profile(Person{address, name, password}, s.imap()[0], s.submit()[0]))
		var got struct {
			Keys []string `xml:"dict>key"`
			Mail []string `xml:"dict>array>dict>key"`
		}
		if err := xml.Unmarshal(text, &got); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		want := 20
		if password != "" {
			want++
		}
		if len(got.Keys) != 9 || len(got.Mail) != want {
			t.Errorf("%d and %d keys: %s", len(got.Keys), len(got.Mail), text)
		}
	})
}
