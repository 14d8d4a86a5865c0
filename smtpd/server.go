// Package smtpd takes mail: from other servers on port 25 (the MX), and from
// users who have signed in on 587 and 465 (submission).
//
// A session is one goroutine. It reads a command, acts, and gathers the replies
// until the client waits for them (RFC 2920). Nobody else touches its
// connection, but for link.stop and link.close when the server stops.
//
// Every command is a function of a file of its own. It returns a reply, or an
// error that errors.go turns into one. A message is accepted with 250 only when
// every copy of it is durable, and there is no way past this rule: what is for
// elsewhere is taken from nobody but a user who has signed in.
package smtpd

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"letterbox/accept"
	"letterbox/directory"
	"letterbox/feedback"
	"letterbox/mailauth"
	"letterbox/queue"
	"letterbox/store"
	"letterbox/telemetry"
	"letterbox/trace"
)

// Config says what to serve. Zero values mean the defaults.
type Config struct {
	Hostname  string // in the greeting
	Store     *store.Store
	Directory *directory.Directory
	Queue     *queue.Queue
	Telemetry *telemetry.Telemetry // may be nil
	Journal   *trace.Journal       // may be nil
	Feedback  *feedback.Feedback   // reports, ours and of others; may be nil
	Log       *slog.Logger

	Verifier *mailauth.Verifier // of mail from other servers; nil: nothing is checked
	Trusted  []netip.Prefix     // servers whose conduct does not count: another one of ours, say

	TLS               *tls.Config // nil: neither STARTTLS nor ServeSubmissions
	PlaintextLoopback bool        // lets loopback peers sign in without TLS
	Proxies           accept.Proxies

	Limits   Limits
	Timeouts Timeouts
	Now      func() time.Time // for what peers do within an hour; nil: time.Now
}

// Limits on connections and on what comes over them.
type Limits struct {
	Connections int   // in all; 0: 1,000
	PerAddress  int   // of one IPv4 address or IPv6 /64; 0: 50
	Recipients  int   // of one message; 0: 500, RFC 5321 section 4.5.3.1.8 asks for 100
	Message     int64 // bytes; 0: 50 MiB
	Mistakes    int   // refused commands between two accepted messages; 0: 20
	Idle        int   // commands that lead nowhere, likewise; 0: 100
	Hourly      Hourly
}

// Timeouts of a session.
type Timeouts struct {
	Handshake time.Duration // of TLS; 0: 1 minute
	Command   time.Duration // until a whole command is there; 0: 5 minutes (RFC 5321 section 4.5.3.2.7)
	Data      time.Duration // for a message, on top of what its bytes take; 0: 5 minutes
	Broken    time.Duration // between two packets of a message that is refused already; 0: 10 seconds
	Write     time.Duration // for the client to take what is written; 0: 1 minute
	Grace     time.Duration // for running commands when the server stops; 0: 10 seconds
	Tarpit    time.Duration // that a peer waits for an answer at most that behaves badly; 0: 20 seconds, less: it does not
}

// Server serves any number of listeners; their connections are counted together.
type Server struct {
	cfg         Config
	connections *accept.Limiter
	conduct     *conduct
	heldBack    atomic.Int64 // sessions that wait for an answer to an offence
	serial      atomic.Int64 // of the last session
}

// New returns a server; nothing listens yet.
func New(cfg Config) *Server {
	setDefaults(&cfg)
	cfg.TLS = accept.MarkEndpoints(cfg.TLS)
	return &Server{
		cfg:         cfg,
		connections: accept.NewLimiter(cfg.Limits.Connections, cfg.Limits.PerAddress),
		conduct:     newConduct(cfg.Limits.Hourly, cfg.Now),
	}
}

func setDefaults(cfg *Config) {
	orElse(&cfg.Hostname, "localhost")
	orElse(&cfg.Limits.Connections, 1000)
	orElse(&cfg.Limits.PerAddress, 50)
	orElse(&cfg.Limits.Recipients, 500)
	orElse(&cfg.Limits.Message, 50<<20)
	orElse(&cfg.Limits.Mistakes, 20)
	orElse(&cfg.Limits.Idle, 100)
	orElse(&cfg.Limits.Hourly.Messages, 1000)
	orElse(&cfg.Limits.Hourly.Recipients, 5000)
	orElse(&cfg.Limits.Hourly.Unknown, 20)
	orElse(&cfg.Limits.Hourly.Mistakes, 100)
	orElse(&cfg.Timeouts.Tarpit, 20*time.Second)
	orElse(&cfg.Timeouts.Handshake, time.Minute)
	orElse(&cfg.Timeouts.Command, 5*time.Minute)
	orElse(&cfg.Timeouts.Data, 5*time.Minute)
	orElse(&cfg.Timeouts.Broken, 10*time.Second)
	orElse(&cfg.Timeouts.Write, time.Minute)
	orElse(&cfg.Timeouts.Grace, 10*time.Second)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
}

// orElse puts a default in the place of a zero value.
func orElse[T comparable](v *T, byDefault T) {
	var zero T
	if *v == zero {
		*v = byDefault
	}
}

// A door is what a listener is for.
type door struct {
	protocol string // for the log and telemetry
	submit   bool   // users send here; otherwise other servers do
	implicit bool   // connections start with TLS
}

var (
	doorMX          = door{protocol: "smtp"}
	doorSubmission  = door{protocol: "submission", submit: true}
	doorSubmissions = door{protocol: "submission", submit: true, implicit: true}
)

// ServeMX takes mail for our own users from anybody, until ctx ends or ln is
// closed. Then sessions that wait get a 421 at once, and commands that run may
// finish within Timeouts.Grace; it returns when all its sessions have ended.
// It closes ln.
func (srv *Server) ServeMX(ctx context.Context, ln net.Listener) error {
	return srv.serve(ctx, ln, doorMX)
}

// ServeSubmission is ServeMX for users, who sign in and may write to anybody;
// the connection starts without TLS (RFC 6409).
func (srv *Server) ServeSubmission(ctx context.Context, ln net.Listener) error {
	return srv.serve(ctx, ln, doorSubmission)
}

// ServeSubmissions is ServeSubmission for connections that start with a TLS
// handshake (RFC 8314). It needs Config.TLS.
func (srv *Server) ServeSubmissions(ctx context.Context, ln net.Listener) error {
	if srv.cfg.TLS == nil {
		_ = ln.Close()
		return errors.New("no TLS configuration for a TLS listener")
	}
	return srv.serve(ctx, ln, doorSubmissions)
}
