package admin

import (
	"context"

	"github.com/emersion/go-imap/v2"
	"letterbox/backup"
	"letterbox/doctor"
	"letterbox/records"
)

// Machine is what the pages need of the running appliance beside its stores.
type Machine struct {
	// Checkup looks for what is wrong; what was found within the last minutes will
	// do, unless it is to be fresh. CheckDomain does so for one domain's DNS.
	Checkup     func(ctx context.Context, fresh bool) (doctor.Checkup, error)
	CheckDomain func(ctx context.Context, domain string, fresh bool) (doctor.Checkup, error)

	// CheckName looks at whether a name leads to this machine.
	CheckName func(ctx context.Context, hostname string) ([]doctor.Result, error)

	// Published is what a domain should publish; directory.ErrNotOurs.
	Published func(ctx context.Context, domain string) ([]records.Record, error)

	// NameServers says in which zone a domain is, and who serves it; nothing where that
	// cannot be found out.
	NameServers func(ctx context.Context, domain string) (zone string, servers []string, err error)

	// DomainsChanged is to be called when domains came or went.
	DomainsChanged func(ctx context.Context) error

	// Retention is for how many days messages stay in folders of a use, where their
	// owner says nothing; UndeleteDays for how many what was deleted can be brought
	// back. Forwarding lets people pass their mail on. Room is how much more the disk
	// takes.
	Retention    map[imap.MailboxAttr]int
	UndeleteDays int
	Forwarding   bool
	Room         func() (int64, error)

	// Plan says where snapshots go. Scratch is a folder for looking into them.
	// TakeSnapshot begins to take one and returns at once.
	Plan         backup.Plan
	Scratch      string
	TakeSnapshot func()

	// TryTarget says what is wrong with a place for snapshots: its address, or that
	// it cannot be written.
	TryTarget func(ctx context.Context, address string) error

	// Choose keeps a value for a key of the configuration, and Unchoose forgets it. It
	// counts at once where Setting.Live says so, else once BeginAnew was called: then
	// requests under way are answered, sessions end, and everything is opened again.
	Choose    func(ctx context.Context, key, value string) error
	Unchoose  func(ctx context.Context, key string) error
	BeginAnew func()
}
