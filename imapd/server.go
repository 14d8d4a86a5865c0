// Package imapd serves IMAP4rev1 (RFC 3501) and IMAP4rev2 (RFC 9051) with
// extensions.
//
// A session is one goroutine. It waits for the first byte of a command without
// holding a buffer, reads the command, acts, writes the changes that the client
// has not heard of, then the tagged reply. Nobody else writes to its
// connection. Others wake it, through link.wake alone, only while it waits: in
// IDLE when the mailbox changed, between commands when NOTIFY asked for that,
// anywhere when the server stops.
//
// Every command is a file. It parses its arguments to the end of the line, then
// acts, and returns an error that errors.go turns into the reply. Changes by
// anybody are told by updates.go alone.
package imapd

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"letterbox/accept"
	"letterbox/directory"
	"letterbox/store"
	"letterbox/telemetry"
)

// Config says what to serve. Zero values mean the defaults.
type Config struct {
	Store     *store.Store
	Directory *directory.Directory
	Telemetry *telemetry.Telemetry // may be nil
	Log       *slog.Logger

	TLS               *tls.Config // nil: neither STARTTLS nor ServeTLS
	PlaintextLoopback bool        // lets loopback peers sign in without TLS
	Proxies           accept.Proxies
	Version           string // for ID

	// AppendLimit bounds a message; 0: 50 MiB.
	AppendLimit int64

	// Withheld are capabilities that are not advertised, and not enabled; what
	// else they stand for works all the same. Offered are those that are not by
	// default: see CheckOffered. Users may have others: directory.Capabilities.
	Withheld []string
	Offered  []string

	Limits   Limits
	Timeouts Timeouts
}

// Limits on connections.
type Limits struct {
	Connections int // in all; 0: 10,000
	PerAddress  int // of one IPv4 address or IPv6 /64; 0: 100
	PerUser     int // signed in as one user; 0: 100
}

// Timeouts of a session.
type Timeouts struct {
	SignIn    time.Duration // from connecting to being signed in; 0: 2 minutes
	Idle      time.Duration // without any command; 0: 30 minutes, the least that RFC 9051 section 5.4 allows
	Command   time.Duration // for one command line, once begun, and on top for each literal; 0: 1 minute
	Write     time.Duration // for the client to take what is written; 0: 1 minute
	KeepAlive time.Duration // between signs of life in IDLE; 0: 2 minutes
	Grace     time.Duration // for running commands when the server stops; 0: 10 seconds
}

// Server serves any number of listeners.
type Server struct {
	cfg         Config
	commands    map[string]*command
	buffers     sync.Pool // of *buffers
	connections *accept.Limiter
	limiter     *limiter     // of sessions by user
	serial      atomic.Int64 // of the last session

	deflaters sync.Pool // of *deflater
}

// New returns a server; nothing listens yet.
func New(cfg Config) *Server {
	setDefaults(&cfg)
	cfg.TLS = accept.MarkEndpoints(cfg.TLS)
	s := &Server{
		cfg:         cfg,
		commands:    commandTable(),
		connections: accept.NewLimiter(cfg.Limits.Connections, cfg.Limits.PerAddress),
		limiter:     newLimiter(cfg.Limits.PerUser),
	}
	s.buffers.New, s.deflaters.New = newBuffers, newDeflater
	return s
}

func setDefaults(cfg *Config) {
	orElse(&cfg.AppendLimit, 50<<20)
	orElse(&cfg.Limits.Connections, 10_000)
	orElse(&cfg.Limits.PerAddress, 100)
	orElse(&cfg.Limits.PerUser, 100)
	orElse(&cfg.Timeouts.SignIn, 2*time.Minute)
	orElse(&cfg.Timeouts.Idle, 30*time.Minute)
	orElse(&cfg.Timeouts.Command, time.Minute)
	orElse(&cfg.Timeouts.Write, time.Minute)
	orElse(&cfg.Timeouts.KeepAlive, 2*time.Minute)
	orElse(&cfg.Timeouts.Grace, 10*time.Second)
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

// Serve accepts connections that start without TLS, until ctx ends or ln is
// closed. Then sessions that wait get a BYE at once, and commands that run may
// finish within Timeouts.Grace; it returns when all its sessions have ended.
// It closes ln.
func (srv *Server) Serve(ctx context.Context, ln net.Listener) error {
	return srv.serve(ctx, ln, nil)
}

// ServeTLS is Serve for connections that start with a TLS handshake. It needs
// Config.TLS.
func (srv *Server) ServeTLS(ctx context.Context, ln net.Listener) error {
	if srv.cfg.TLS == nil {
		_ = ln.Close()
		return errors.New("no TLS configuration for a TLS listener")
	}
	return srv.serve(ctx, ln, srv.cfg.TLS)
}
