package appliance

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"

	"letterbox/accept"
	"letterbox/admin"
	"letterbox/imapd"
	"letterbox/smtpd"
)

// A service accepts connections until ctx ends and returns when the last one is
// done.
type service func(ctx context.Context, ln net.Listener) error

// services says what is served behind each key of [listen].
func (a *Appliance) services(d *Data) map[string]service {
	imap, smtp := a.imap(d), a.smtp(d)
	monitoring := a.monitoring(d)
	// Once the ports are known, which both tell.
	site := sync.OnceValue(func() *admin.Site { return a.site(d) })
	web := sync.OnceValue(func() http.Handler { return a.web(d, site()) })
	return map[string]service{
		"imap":        imap.Serve,
		"imaps":       imap.ServeTLS,
		"smtp":        smtp.ServeMX,
		"submission":  smtp.ServeSubmission,
		"submissions": smtp.ServeSubmissions,
		"http": func(ctx context.Context, ln net.Listener) error {
			return serveHTTP(ctx, ln, d.Certificates.Handler(a.redirect(d, site(), web())))
		},
		"https": func(ctx context.Context, ln net.Listener) error {
			return serveHTTP(ctx, tls.NewListener(ln, d.Certificates.WebConfig()), web())
		},
		"metrics": func(ctx context.Context, ln net.Listener) error {
			return serveHTTP(ctx, ln, monitoring)
		},
	}
}

func (a *Appliance) imap(d *Data) *imapd.Server {
	c := d.Config.IMAP
	return imapd.New(imapd.Config{
		Store:             d.Store,
		Directory:         d.Directory,
		Telemetry:         d.Telemetry,
		Log:               d.Log.With("server", "imap"),
		TLS:               d.Certificates.Config(),
		PlaintextLoopback: c.PlaintextLoopback,
		Proxies:           accept.Proxies(d.Config.Listen.ProxyFrom),
		Version:           Version(),
		AppendLimit:       int64(c.MaxMessageSize),
		Withheld:          c.Withheld,
		Offered:           c.Offered,
		Limits: imapd.Limits{
			Connections: c.MaxConnections,
			PerAddress:  c.MaxConnectionsPerAddress,
			PerUser:     c.MaxConnectionsPerUser,
		},
	})
}

func (a *Appliance) smtp(d *Data) *smtpd.Server {
	c := d.Config.SMTP
	return smtpd.New(smtpd.Config{
		Hostname:          d.Config.Hostname,
		Store:             d.Store,
		Directory:         d.Directory,
		Queue:             d.Queue,
		Verifier:          d.verifier(),
		Trusted:           c.TrustedPeers,
		Telemetry:         d.Telemetry,
		Journal:           d.Journal,
		Feedback:          d.Feedback,
		Log:               d.Log.With("server", "smtp"),
		TLS:               d.Certificates.Config(),
		PlaintextLoopback: d.Config.IMAP.PlaintextLoopback,
		Proxies:           accept.Proxies(d.Config.Listen.ProxyFrom),
		Limits: smtpd.Limits{
			Connections: c.MaxConnections,
			PerAddress:  c.MaxConnectionsPerAddress,
			Recipients:  c.MaxRecipients,
			Message:     int64(c.MaxMessageSize),
			Hourly: smtpd.Hourly{
				Messages:   orNone(c.MaxMessagesPerAddress),
				Recipients: orNone(c.MaxRecipientsPerAddress),
				Unknown:    orNone(c.MaxUnknownPerAddress),
				Mistakes:   orNone(c.MaxMistakesPerAddress),
			},
		},
		Timeouts: smtpd.Timeouts{Tarpit: orNone(time.Duration(c.Tarpit))},
	})
}

// orNone is a limit for who takes 0 for a default and less for none.
func orNone[T int | time.Duration](limit T) T {
	if limit == 0 {
		return -1
	}
	return limit
}
