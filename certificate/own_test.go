package certificate

import (
	"bytes"
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestOwnCertificate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	k := openAt(t, Options{Dir: dir, Hostname: "mail.example.org"})
	leaf := k.own.Leaf
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	for _, name := range []string{"mail.example.org", "localhost", "127.0.0.1", "::1"} {
		if _, err := leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: roots}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if days := leaf.NotAfter.Sub(leaf.NotBefore).Hours() / 24; days > 825 {
		t.Errorf("valid for %.0f days; Apple's clients take 825 at most", days)
	}
	for _, name := range []string{"key.pem", "certificate.pem"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v", name, info.Mode(), err)
		}
	}
}

func openAt(t *testing.T, o Options) *Keeper {
	t.Helper()
	k, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestOwnCertificateIsKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	now := time.Now()
	open := func(hostname string) *Keeper {
		return openAt(t, Options{Dir: dir, Hostname: hostname, Now: func() time.Time { return now }})
	}
	first := open("a.example")
	if again := open("a.example"); again.Fingerprint() != first.Fingerprint() {
		t.Error("a restart made another certificate")
	}
	key, _ := os.ReadFile(filepath.Join(dir, "key.pem"))
	other := open("b.example")
	if other.Fingerprint() == first.Fingerprint() {
		t.Error("another host name did not make another certificate")
	}
	now = now.Add(ownLife - ownRenew - time.Minute)
	if open("b.example").Fingerprint() != other.Fingerprint() {
		t.Error("renewed too early")
	}
	now = now.Add(2 * time.Minute)
	before := other.Fingerprint()
	if other.round(t.Context()); other.Fingerprint() == before {
		t.Error("not renewed while it runs")
	}
	if now, _ := os.ReadFile(filepath.Join(dir, "key.pem")); !bytes.Equal(now, key) {
		t.Error("renewing changed the key")
	}
}

func TestDamagedKeyIsNotOverwritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "key.pem")
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{Dir: dir, Hostname: "a.example"}); err == nil {
		t.Error("opened with a damaged key")
	}
	if text, _ := os.ReadFile(path); string(text) != "mine" {
		t.Error("overwrote it")
	}
}
