package appliance

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"letterbox/mailauth"
	"letterbox/queue"
	"letterbox/resolver"
)

// send lets the queue's mail leave, if it may.
func (a *Appliance) send(ctx context.Context, d *Data) error {
	if err := d.ensureKeys(ctx); err != nil && ctx.Err() == nil {
		d.Log.Error("no DKIM keys made", "error", err)
	}
	if !d.Config.Queue.Send {
		d.Log.Info("nothing is sent", "reason", "queue.send = false")
		return nil
	}
	courier, err := d.courier()
	if err != nil {
		return err
	}
	return courier.Run(ctx)
}

// ensureKeys makes DKIM keys for domains from before there were any.
func (d *Data) ensureKeys(ctx context.Context) error {
	domains, err := d.Directory.Domains(ctx)
	if err != nil {
		return err
	}
	for _, domain := range domains {
		if err := d.Directory.EnsureKeys(ctx, domain.Name); err != nil {
			return err
		}
	}
	return nil
}

func (d *Data) courier() (*queue.Courier, error) {
	names, err := d.Config.DNS.resolver()
	if err != nil {
		return nil, err
	}
	c := d.Config.Queue
	schedule := queue.DefaultSchedule()
	schedule.Lifetime, schedule.Warn = time.Duration(c.Lifetime), time.Duration(c.Warn)
	return &queue.Courier{
		Queue:          d.Queue,
		Hostname:       d.Config.Hostname,
		Resolver:       names,
		Relay:          d.Config.Relay.queue(),
		Schedule:       schedule,
		Feedback:       d.Feedback,
		Log:            d.Log.With("server", "queue"),
		PerDestination: c.PerDestination,
		Total:          c.Connections,
	}, nil
}

// verifier checks mail from other servers; nil when that is switched off, or when
// there is nobody to ask.
func (d *Data) verifier() *mailauth.Verifier {
	if !d.Config.SMTP.Verify {
		return nil
	}
	names, err := d.Config.DNS.resolver()
	if err != nil {
		d.Log.Error("mail is not checked", "error", err)
		return nil
	}
	return &mailauth.Verifier{Resolver: names}
}

// resolver asks the servers that are named, or the system's.
func (c DNS) resolver() (*resolver.Resolver, error) {
	if len(c.Servers) > 0 {
		return &resolver.Resolver{Servers: c.Servers}, nil
	}
	return resolver.System()
}

// limits are those of each user.
func (q Queue) limits() queue.Limits {
	l := queue.DefaultLimits()
	l.Messages, l.Strangers = q.MessagesPerDay, q.StrangersPerDay
	return l
}

// queue is the relay as the courier takes it, nil for none.
func (r Relay) queue() *queue.Relay {
	if r.Address == "" {
		return nil
	}
	return &queue.Relay{
		Address: r.Address, TLS: r.TLS, Username: r.Username, Password: r.password,
		Use: r.Use, Domains: r.Domains,
	}
}

// password reads the file anew each time: it may be changed while we run.
func (r Relay) password() (string, error) {
	text, err := os.ReadFile(r.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("relay.password_file: %w", err)
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return strings.TrimRight(string(line), "\r"), nil
}
