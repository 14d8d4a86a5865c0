package appliance

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/mail"
	"net/smtp"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gosmtp "github.com/emersion/go-smtp"
	"letterbox/internal/zone"
)

// TestFirstSetup goes from an empty folder to the first mail with nothing but
// the forms of the pages, as a browser without script sends them: code, domain,
// admin account, a mailbox, DNS records, a place for snapshots, and a test mail
// that goes out through a server elsewhere and is answered from there.
func TestFirstSetup(t *testing.T) {
	t.Parallel()
	elsewhere, names := answering(t), zone.Serve(t, "")
	a := emptyAppliance(t, elsewhere, names)
	b := &visitor{t: t, base: "https://" + a.Addr("https").String()}
	b.begin()
	b.shows("/", "Set-up code")
	b.sends("/setup", "Which domain", "code", a.SetupCode())
	b.sends("/setup/name", "has no address", "domain", "letterbox.example", "do", "check")
	b.sends("/setup/name", "Your name", "domain", "letterbox.example", "do", "keep")
	b.sends("/setup/you", "Each can wait", "name", "Ann", "local", "ann", "password", "tulips in may 2026", "again", "tulips in may 2026")
	b.shows("/guide", "mail.letterbox.example") // the appliance has its name
	b.sends("/guide/people", "ben@letterbox.example was added", "local", "ben", "name", "Ben")
	page := b.shows("/guide/dns", "has no MX record")
	if !strings.Contains(page, "v=DKIM1") {
		t.Error("there are no records to publish")
	}
	names.Add(t, "letterbox.example. MX 10 mail.letterbox.example.\nmail.letterbox.example. A 192.0.2.1\n")
	b.sends("/guide/look", "!has no MX record", "to", "/guide/dns")
	disk := filepath.Join(t.TempDir(), "disk")
	b.sends("/guide/snapshots", "Address elsewhere", "target", disk)
	b.shows("/guide/snapshots", disk) // it lives with the new place
	b.sends("/guide/mail", "ed@elsewhere.example", "to", "ed@elsewhere.example")
	elsewhere.answers(t, a)
	b.shows("/guide/mail", "Mail works both ways")
	stranger := &visitor{t: t, base: b.base}
	stranger.begin()
	stranger.shows("/setup", "Password")
}

// emptyAppliance runs one in an empty folder, for which only these two are the world.
func emptyAppliance(t *testing.T, elsewhere *answerer, names *zone.Zone) *Appliance {
	t.Helper()
	c := Default()
	c.Data, c.TLS.Authority, c.Doctor = filepath.Join(t.TempDir(), "data"), "", Doctor{}
	c.Listen = Listen{SMTP: Addresses{"127.0.0.1:0"}, IMAPS: Addresses{"127.0.0.1:0"}, HTTPS: Addresses{"127.0.0.1:0"}}
	c.DNS.Servers = Addresses{names.Addr}
	c.Relay.Address, c.Relay.TLS = elsewhere.address, "none"
	a, ended, stop := start(t, c)
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return a
}

// start runs an appliance until stop is called.
func start(t *testing.T, c Config) (a *Appliance, ended chan error, stop func()) {
	t.Helper()
	ready := make(chan struct{}, 16) // once a life
	a, err := New(c, Options{Log: slog.New(slog.DiscardHandler), Ready: func(context.Context, *Data) error {
		ready <- struct{}{}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended = make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	<-ready
	return a, ended, stop
}

// A visitor is a browser without script.
type visitor struct {
	t      *testing.T
	base   string
	client *http.Client
}

func (b *visitor) begin() {
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true} // its own certificate
	b.client = &http.Client{Jar: jar, Transport: transport, Timeout: patience}
}

// shows opens a page, follows where it leads, and looks for a text.
func (b *visitor) shows(path, text string) string {
	b.t.Helper()
	return b.reads(http.MethodGet, path, nil, text)
}

// sends a form.
func (b *visitor) sends(path, text string, fields ...string) string {
	b.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return b.reads(http.MethodPost, path, form, text)
}

// reads does as browsers do: what says that it refreshes is asked for again.
func (b *visitor) reads(method, path string, form url.Values, text string) string {
	b.t.Helper()
	for address := b.base + path; ; method, form = http.MethodGet, nil {
		r, err := http.NewRequestWithContext(b.t.Context(), method, address, strings.NewReader(form.Encode()))
		if err != nil {
			b.t.Fatal(err)
		}
		if method == http.MethodPost {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		response, err := b.client.Do(r)
		if err != nil {
			b.t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil {
			b.t.Fatal(err)
		}
		if response.Header.Get("Refresh") != "" {
			address = response.Request.URL.String()
			time.Sleep(time.Second) // as it says
			continue
		}
		unwanted, not := strings.CutPrefix(text, "!")
		if response.StatusCode >= 500 || strings.Contains(string(body), unwanted) == not {
			_, main, _ := strings.Cut(string(body), "<main")
			b.t.Fatalf("%s %s: status %d, want %q in: %.3000s", method, path, response.StatusCode, text, main)
		}
		return string(body)
	}
}

// An answerer is a mail server elsewhere, where somebody answers every mail.
type answerer struct {
	address  string
	back     chan string // where answers go
	answered chan error
}

func answering(t *testing.T) *answerer {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := &answerer{address: ln.Addr().String(), back: make(chan string, 1), answered: make(chan error, 1)}
	server := gosmtp.NewServer(gosmtp.BackendFunc(func(*gosmtp.Conn) (gosmtp.Session, error) { return &letterBy{e: e}, nil }))
	server.Domain = "elsewhere.example"
	go server.Serve(ln)
	t.Cleanup(func() { server.Close() })
	return e
}

// answers has the next mail answered, and returns when that has arrived.
func (e *answerer) answers(t *testing.T, a *Appliance) {
	t.Helper()
	e.back <- a.Addr("smtp").String()
	select {
	case err := <-e.answered:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(patience):
		t.Fatal("no mail came elsewhere")
	}
}

type letterBy struct {
	e    *answerer
	from string
}

func (s *letterBy) Mail(from string, _ *gosmtp.MailOptions) error { s.from = from; return nil }
func (s *letterBy) Rcpt(string, *gosmtp.RcptOptions) error        { return nil }
func (s *letterBy) Reset()                                        {}
func (s *letterBy) Logout() error                                 { return nil }

func (s *letterBy) Data(r io.Reader) error {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	to, from := <-s.e.back, "ed@elsewhere.example"
	text := "From: Ed <" + from + ">\r\nTo: <" + s.from + ">\r\nSubject: Re: " + m.Header.Get("Subject") +
		"\r\nMessage-ID: <answer@elsewhere.example>\r\nDate: " + time.Now().Format(time.RFC1123Z) +
		"\r\nIn-Reply-To: " + m.Header.Get("Message-ID") + "\r\n\r\nIt arrived.\r\n"
	recipient := s.from
	go func() { s.e.answered <- post(to, from, recipient, text) }()
	return nil
}

// post delivers a message, in the clear.
func post(address, from, to, text string) error {
	c, err := smtp.Dial(address)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := errors.Join(c.Hello("mx.elsewhere.example"), c.Mail(from), c.Rcpt(to)); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, text); err != nil {
		return err
	}
	return errors.Join(w.Close(), c.Quit())
}
