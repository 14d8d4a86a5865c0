package command

import (
	"context"
	"fmt"
	"os"
	"strings"

	"letterbox/appliance"
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
	log := config.Log.NewLogger(s.Err)
	appliance.LimitMemory(log)
	var a *appliance.Appliance
	a, err = appliance.New(config, appliance.Options{
		Log:     log,
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
	if err != nil || len(users) > 0 {
		return err
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

Nobody has mail here yet. In another terminal:
  %[3]s domain add example.org
  %[3]s user add you@example.org

`, d.Config.Hostname, d.Certificates.Fingerprint(), s.self())
	return nil
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
