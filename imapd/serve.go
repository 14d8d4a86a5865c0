package imapd

import (
	"context"
	"crypto/tls"
	"net"

	"letterbox/accept"
)

// A visit is a session to be accepted; secure is nil where it starts without TLS.
type visit struct {
	*session
	secure *tls.Config
}

func (v visit) Run(ctx context.Context) { v.run(ctx, v.secure) }
func (v visit) Wake()                   { v.link.wake() }
func (v visit) Close()                  { v.link.close() }

func (srv *Server) serve(ctx context.Context, ln net.Listener, secure *tls.Config) error {
	a := &accept.Server{
		Limiter: srv.connections,
		Log:     srv.cfg.Log,
		Grace:   srv.cfg.Timeouts.Grace,
		Proxies: srv.cfg.Proxies,
		Refused: srv.cfg.Telemetry.Habits().TurnedAway,
		New: func(conn net.Conn, stopping <-chan struct{}) accept.Session {
			return visit{srv.newSession(conn, stopping), secure}
		},
	}
	if secure == nil {
		a.Refusal = "* BYE [UNAVAILABLE] too many connections\r\n"
	}
	return a.Serve(ctx, ln)
}
