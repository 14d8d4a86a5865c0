// Package feedback tells the domains of others once a day how mail in their name
// arrived here (DMARC, RFC 7489 section 7.2) and how encryption to their servers
// went (TLS-RPT, RFC 8460), where their DNS asks for it; and it keeps what others
// tell of our domains and makes sense of it.
//
// No mail waits for any of this. What is seen is counted in memory and written once
// a minute; a process that is killed loses that minute. A report leaves by the queue,
// in the transaction that strikes out what it is made of: it is sent once. By HTTPS
// it is noted before that it is under way, so that it is sent once at most.
//
// How much is kept is bounded, by domain and in all.
package feedback

import (
	"context"
	"crypto/x509"
	"log/slog"
	"net"
	"sync"
	"time"

	"letterbox/database"
	"letterbox/directory"
	"letterbox/resolver"
)

// A Mail is a report that leaves.
type Mail struct {
	From string
	To   []string
	Raw  []byte
	Lax  bool // encryption that fails is no reason to keep it
}

// Options of New.
type Options struct {
	DB        *database.DB
	Directory *directory.Directory
	Resolver  *resolver.Resolver // nil: there is nobody to ask, and nothing is sent
	Hostname  string
	Send      bool // tell others at all
	Log       *slog.Logger

	// Post hands a mail to the queue, in one transaction with also.
	Post func(ctx context.Context, m Mail, also func(*database.Tx) error) error

	Now   func() time.Time // nil: time.Now
	Roots *x509.CertPool   // for HTTPS; nil: the system's

	// Dial connects to web servers, nil: by the net, to public addresses alone.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Feedback is safe for concurrent use. A nil one sees nothing and knows nothing.
type Feedback struct {
	Options

	mu   sync.Mutex
	seen map[observation]int64

	writing sync.Mutex // held while what was seen is written
	opinion opinion
}

// New returns one; Run lets it work.
func New(o Options) *Feedback {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Feedback{Options: o, seen: map[observation]int64{}}
}

// How often something is done.
const (
	writeEvery = time.Minute
	sendEvery  = 10 * time.Minute
	lookEvery  = time.Hour
)

// Run writes what was seen, sends what is due and looks at what others say, until
// ctx ends.
func (f *Feedback) Run(ctx context.Context) error {
	f.forgetPosting(ctx)
	f.look(ctx)
	write, send, look := time.NewTicker(writeEvery), time.NewTicker(sendEvery), time.NewTicker(lookEvery)
	defer write.Stop()
	defer send.Stop()
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-write.C:
			f.tried(ctx, "what was seen is not written", f.Flush(ctx))
		case <-send.C:
			f.tried(ctx, "reports are not sent", f.SendDue(ctx))
		case <-look.C:
			f.look(ctx)
		}
	}
}

// tried logs what failed; it is tried again.
func (f *Feedback) tried(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		f.Log.WarnContext(ctx, what+"; it is tried again", "error", err)
	}
}
