package appliance

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// TestWeb asks a running appliance, on both ports, for what strangers may see.
func TestWeb(t *testing.T) {
	t.Parallel()
	c := Default()
	c.Data, c.Hostname, c.TLS.Authority, c.Doctor = t.TempDir(), "mail.letterbox.example", "", Doctor{}
	c.Listen = Listen{HTTP: Addresses{"127.0.0.1:0"}, HTTPS: Addresses{"127.0.0.1:0"}, IMAPS: Addresses{"127.0.0.1:0"}}
	ctx, stop := context.WithCancel(t.Context())
	ready := make(chan struct{})
	var a *Appliance
	a, err := New(c, Options{Log: slog.New(slog.DiscardHandler), Ready: func(ctx context.Context, d *Data) error {
		defer close(ready)
		_, err := d.Directory.AddDomain(ctx, "letterbox.example")
		return err
	}})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	<-ready

	insecure := &tls.Config{InsecureSkipVerify: true} // its own certificate
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: insecure, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	https, plain := "https://"+a.Addr("https").String(), "http://"+a.Addr("http").String()
	for _, want := range []struct {
		url    string
		status int
		text   string // of the body or of Location
	}{
		{https + "/", 303, "/setup"},
		{https + "/signin", 200, "mail server"},
		{https + "/mail/config-v1.1.xml?emailaddress=anna@letterbox.example", 200, "<hostname>mail.letterbox.example</hostname>"},
		{https + "/mail/config-v1.1.xml?emailaddress=anna@elsewhere.example", 404, ""},
		{https + "/admin", 404, ""},
		{plain + "/x?y=z", 302, "https://mail.letterbox.example:"},
		{plain + "/.well-known/acme-challenge/guess", 302, ""},
	} {
		response, err := client.Get(want.url)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if text := string(body) + response.Header.Get("Location"); err != nil || response.StatusCode != want.status || !strings.Contains(text, want.text) {
			t.Errorf("%s: status %d, %q, %v", want.url, response.StatusCode, text, err)
		}
	}
}

// TestSiteKnowsItsPorts: the pages tell where mail programs are to connect, which
// is known only when everything listens.
func TestSiteKnowsItsPorts(t *testing.T) {
	t.Parallel()
	c := Default()
	c.Data, c.Hostname, c.TLS.Authority, c.Doctor = filepath.Join(t.TempDir(), "data"), "localhost", "", Doctor{}
	c.Listen = Listen{IMAPS: Addresses{"127.0.0.1:0"}, HTTPS: Addresses{"127.0.0.1:0"}}
	d, err := OpenData(t.Context(), c, slog.New(slog.DiscardHandler), false)
	must(t, err)
	_, err = d.Directory.AddDomain(t.Context(), "example.org")
	must(t, err)
	_, err = d.Directory.AddUser(t.Context(), annaAddress, "", annaPassword)
	must(t, err)
	must(t, d.Close())
	a, ended, stop := start(t, c)
	defer func() {
		stop()
		must(t, <-ended)
	}()
	b := &visitor{t: t, base: "https://" + a.Addr("https").String()}
	b.begin()
	b.sends("/signin", "My mailbox", "user", annaAddress, "password", annaPassword)
	_, port, _ := net.SplitHostPort(a.Addr("imaps").String())
	b.shows("/me/connect", "Port "+port)
}
