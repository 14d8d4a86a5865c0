package appliance

import (
	"context"
	"net"

	"letterbox/imapd"
)

// A service accepts connections until ctx ends and returns when the last one is
// done.
type service func(ctx context.Context, ln net.Listener) error

// services says what is served behind each key of [listen].
func (a *Appliance) services(d *Data) map[string]service {
	imap := a.imap(d)
	monitoring := a.monitoring(d)
	return map[string]service{
		"imap":  imap.Serve,
		"imaps": imap.ServeTLS,
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
		TLS:               a.certs.Config(),
		PlaintextLoopback: c.PlaintextLoopback,
		Version:           Version(),
		AppendLimit:       int64(c.MaxMessageSize),
		Limits: imapd.Limits{
			Connections: c.MaxConnections,
			PerAddress:  c.MaxConnectionsPerAddress,
			PerUser:     c.MaxConnectionsPerUser,
		},
	})
}
