package command

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"

	"letterbox/appliance"
	"letterbox/directory"
)

type serveCmd struct{}

func (c *serveCmd) local(ctx context.Context, s *shell) error {
	config, err := s.config()
	if err != nil {
		return err
	}
	if err := mustOwn(config.Data); err != nil {
		return err
	}
	log, level := config.Log.NewLogger(s.Err)
	appliance.LimitMemory(log)
	var a *appliance.Appliance
	a, err = appliance.New(config, appliance.Options{
		Log:     log,
		Level:   level,
		Command: execute,
		Ready:   func(ctx context.Context, d *appliance.Data) error { return s.welcome(ctx, a, d) },
	})
	if err != nil {
		return err
	}
	return a.Run(ctx)
}

// listenerNames are the keys of [listen] in the words of their users.
var listenerNames = []struct{ key, text string }{
	{"imaps", "read mail (IMAP, TLS)"},
	{"imap", "read mail (IMAP, STARTTLS)"},
	{"submissions", "send mail (SMTP, TLS)"},
	{"submission", "send mail (SMTP, STARTTLS)"},
	{"smtp", "mail from other servers"},
	{"metrics", "monitoring (HTTP)"},
}

// welcome tells who starts the appliance for the first time what to do next.
func (s *shell) welcome(ctx context.Context, a *appliance.Appliance, d *appliance.Data) error {
	users, err := d.Directory.Users(ctx)
	if err != nil {
		return err
	}
	s.inviteAdmin(a, d, users)
	if len(users) > 0 {
		return nil
	}
	fmt.Fprintf(s.Out, "\nLetterbox runs. Its data is in %s.\n\n", d.Config.Data)
	for _, l := range listenerNames {
		if addr := a.Addr(l.key); addr != nil {
			fmt.Fprintf(s.Out, "  %-28s %s\n", l.text, addr)
		}
	}
	fmt.Fprintf(s.Out, `
The certificate is one that Letterbox made for %s itself. Mail clients
ask whether to trust it; its SHA-256 fingerprint is
  %s

Nobody has mail here yet. Without a browser, in another terminal:
  %[3]s domain add example.org
  %[3]s user add you@example.org

`, d.Config.Hostname, d.Certificates.Fingerprint(), s.self())
	return nil
}

// inviteAdmin says where the appliance is set up, and the code for it, while
// nobody administers it: to who started it, and to who reads the log.
func (s *shell) inviteAdmin(a *appliance.Appliance, d *appliance.Data, users []directory.User) {
	web := a.Addr("https")
	if web == nil || slices.ContainsFunc(users, func(u directory.User) bool { return u.Role == "admin" }) {
		return
	}
	address := "https://" + near(web.String()) + "/setup"
	d.Log.Info("nobody administers this server yet; set it up in a browser", "address", address, "code", a.SetupCode())
	fmt.Fprintf(s.Out, "\nSet it up in a browser: %s\nThe code, good once:    %s\n", address, a.SetupCode())
}

// near is an address of this machine that a browser can open.
func near(address string) string {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !at.Addr().IsUnspecified() {
		return address
	}
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return net.JoinHostPort(host, strconv.Itoa(int(at.Port())))
}

// self is how to call this program for the same data folder.
func (s *shell) self() string {
	if s.flags.Data == "" {
		return program()
	}
	return program() + " --data " + quote(s.flags.Data)
}

// program is how this program was called, as far as a user can do the same:
// what 'go run' built is gone when it ends.
func program() string {
	if strings.Contains(os.Args[0], "/go-build") {
		return "go run ."
	}
	return quote(os.Args[0])
}

// quote makes a word safe to paste into a shell.
func quote(word string) string {
	if word != "" && !strings.ContainsFunc(word, needsQuote) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

func needsQuote(r rune) bool {
	return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./@:=+", r)
}
