package smtpd

import (
	"context"
	"net"

	"letterbox/accept"
)

// A visit is a session to be accepted.
type visit struct{ *session }

func (v visit) Run(ctx context.Context) { v.run(ctx) }
func (v visit) Wake()                   { v.link.stop() }
func (v visit) Close()                  { v.link.close() }

func (srv *Server) serve(ctx context.Context, ln net.Listener, d door) error {
	a := &accept.Server{
		Limiter: srv.connections,
		Log:     srv.cfg.Log.With("protocol", d.protocol),
		Grace:   srv.cfg.Timeouts.Grace,
		Proxies: srv.cfg.Proxies,
		Refused: srv.cfg.Telemetry.Habits().TurnedAway,
		New: func(conn net.Conn, stopping <-chan struct{}) accept.Session {
			return visit{srv.newSession(conn, d, stopping)}
		},
	}
	if !d.implicit {
		a.Refusal = "421 4.7.0 too many connections; try again later\r\n"
	}
	return a.Serve(ctx, ln)
}
