package doctor

import (
	"context"
	"net"
	"net/netip"
	"time"

	"letterbox/backup"
	"letterbox/certificate"
	"letterbox/queue"
	"letterbox/records"
	"letterbox/resolver"
)

// A Patient is the appliance that is looked at.
type Patient struct {
	Hostname string
	Named    bool // somebody chose the host name; else it is what the system says
	Folder   string
	Reserve  int64 // bytes that are to stay free

	Domains   []Domain
	Listeners []Listener // nil: nothing is served at the moment
	HTTP      bool       // somebody answers on port 80

	Certificates []certificate.Status
	Authority    string   // as CAA records call it; "": none is asked, or its name is not known
	TLSA         []string // data of the records for the host's key

	Targets []Target // of snapshots
	Every   time.Duration
	Locked  bool // nobody but the appliance could read the snapshots

	Dropped string   // separators of addresses that were once in force
	Nowhere []string // targets of aliases and of what people pass on that nobody has

	Version  string // of the program that runs
	Replaced string // of the program on the disk, where that is another; else ""
	Updates  string // the name that tells the newest release; "": it is not asked
	Newest   func(ctx context.Context, name string) (Release, error)

	Queue     []queue.Item
	QueueErr  error
	Sends     bool
	Relay     string // HOST:PORT to which all mail goes; "": mail goes directly
	Checked   time.Time
	Damage    string // what the last check of the database found
	StartedAt time.Time

	Resolver   *resolver.Resolver
	Peer       string   // a domain whose mail server shows whether port 25 is open to the outside; "": not tried
	Clock      string   // a time server; "": none is asked
	Blocklists []string // zones that list addresses of spammers

	Policy func(ctx context.Context, domain string) (string, error) // fetches an MTA-STS policy
	Dial   func(ctx context.Context, network, address string) (net.Conn, error)
	Now    func() time.Time
}

// A Domain is one that is hosted, with what it should publish.
type Domain struct {
	Name    string
	Records []records.Record
}

// A Listener is one that is open.
type Listener struct {
	Name    string // as in the configuration: smtp, imaps ...
	Address netip.AddrPort
}

// A Target is a place where snapshots go.
type Target struct {
	Address string
	Remote  bool // not within the data folder
	Record  backup.Record

	// Reach tells why it cannot be reached, or nil.
	Reach func(ctx context.Context) error
}

func (p *Patient) dial(ctx context.Context, address string) (net.Conn, error) {
	if p.Dial != nil {
		return p.Dial(ctx, "tcp", address)
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", address)
}

func (p *Patient) now() time.Time {
	if p.Now != nil {
		return p.Now()
	}
	return time.Now()
}

// of returns the records of a kind that a domain should publish.
func (d *Domain) of(kind string) (list []records.Record) {
	for _, r := range d.Records {
		if r.Kind == kind {
			list = append(list, r)
		}
	}
	return list
}
