package admin

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/backup"
	"letterbox/database"
	"letterbox/delivery"
	"letterbox/discover"
	"letterbox/doctor"
	"letterbox/feedback"
	"letterbox/internal/zone"
	"letterbox/junk"
	"letterbox/logbook"
	"letterbox/queue"
	"letterbox/records"
	"letterbox/resolver"
	"letterbox/store/blob"
	"letterbox/telemetry"
)

// equip gives a site a queue, snapshots in a folder, and a doctor who asks a
// name server that knows nothing yet.
func equip(t testing.TB, s *Site, dir string, db *database.DB, blobs *blob.Store) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	s.Queue = &queue.Queue{DB: db, Store: s.Store, Log: log, Delivery: &delivery.Delivery{
		Hostname: s.Hostname, Store: s.Store, Directory: s.Directory, Telemetry: telemetry.New(), Log: log,
	}}
	s.Snapshots = backup.NewKeeper(backup.Source{Folder: dir, DB: db, Blobs: blobs, Host: s.Hostname, Program: "test"}, log)
	s.Sheet = func(context.Context) (*backup.Sheet, error) {
		return &backup.Sheet{Host: s.Hostname, Written: time.Now()}, nil
	}
	plan := backup.Plan{Targets: []string{filepath.Join(dir, "snapshots")}, Hurry: true}
	z := zone.Serve(t, "")
	t.Cleanup(s.shelf.Close)
	s.Feedback = feedback.New(feedback.Options{DB: db, Directory: s.Directory})
	s.Book = &logbook.Book{}
	s.Junk = junk.New(junk.Options{DB: db, Store: s.Store})
	s.Machine = Machine{
		Checkup: func(ctx context.Context, _ bool) (doctor.Checkup, error) {
			list, err := s.Directory.Domains(ctx)
			if err != nil {
				return doctor.Checkup{}, err
			}
			p := patient(t, s, dir, z)
			for _, d := range list {
				r, err := published(s, ctx, d.Name)
				if err != nil {
					return doctor.Checkup{}, err
				}
				p.Domains = append(p.Domains, doctor.Domain{Name: d.Name, Records: r})
			}
			return doctor.Checkup{At: time.Now(), Results: doctor.Examine(ctx, p)}, nil
		},
		CheckDomain: func(ctx context.Context, domain string, _ bool) (doctor.Checkup, error) {
			list, err := published(s, ctx, domain)
			p := patient(t, s, dir, z)
			return doctor.Checkup{At: time.Now(), Results: doctor.ExamineDomain(ctx, p, doctor.Domain{Name: domain, Records: list})}, err
		},
		CheckName: func(ctx context.Context, hostname string) ([]doctor.Result, error) {
			p := patient(t, s, dir, z)
			p.Hostname = hostname
			return doctor.ExamineName(ctx, p), nil
		},
		Published: func(ctx context.Context, domain string) ([]records.Record, error) { return published(s, ctx, domain) },
		NameServers: func(_ context.Context, domain string) (string, []string, error) {
			return domain, []string{"ada.ns.cloudflare.com."}, nil
		},
		DomainsChanged: func(context.Context) error { return nil },
		Retention:      map[imap.MailboxAttr]int{imap.MailboxAttrTrash: 30},
		UndeleteDays:   14,
		Forwarding:     true,
		Room:           func() (int64, error) { return 2000, nil },
		Plan:           plan,
		Scratch:        dir,
		TakeSnapshot:   func() { must(t, s.Snapshots.Round(context.Background(), plan.Targets[0], plan)) },
		TryTarget:      func(context.Context, string) error { return errors.New("there is none in this house") },
		Choose: func(ctx context.Context, key, value string) error {
			if strings.Contains(value, " ") {
				return errors.New("no host name")
			}
			return s.Directory.Choose(ctx, key, value)
		},
		Unchoose:  s.Directory.Unchoose,
		BeginAnew: func() {},
	}
	s.Settings = func(ctx context.Context) ([]Setting, error) { return settingsOf(ctx, s) }
}

// settingsOf are some keys, with what was chosen for them.
func settingsOf(ctx context.Context, s *Site) ([]Setting, error) {
	list := []Setting{
		{Key: "hostname", Doc: "The name of this machine.", Value: "mail.home.example", Origin: "file"},
		{Key: "imap.max_connections", Doc: "How many.", Value: "10", Default: "10", Origin: "default", Choose: "calm"},
		{Key: "junk.threshold", Doc: "From when on.", Value: "5", Default: "5", Origin: "default", Choose: "calm", Live: true},
		{Key: "mail.junk_days", Doc: "For how long.", Value: "30", Default: "30", Origin: "default", Choose: "careful"},
		{Key: "queue.send", Doc: "Send at all.", Value: "true", Default: "true", Origin: "default", Choose: "careful", Values: []string{"true", "false"}},
		{Key: "junk.rspamd", Doc: "Whom to ask.", Origin: "default"},
	}
	chosen, err := s.Directory.Choices(ctx)
	for i := range list {
		one := &list[i]
		one.Next = one.Value
		if value, is := chosen[one.Key]; is {
			one.Next, one.Origin = value, "browser"
		}
		if one.Live {
			one.Value = one.Next
		}
	}
	return list, err
}

func published(s *Site, ctx context.Context, domain string) ([]records.Record, error) {
	if err := s.Directory.EnsureKeys(ctx, domain); err != nil {
		return nil, err
	}
	keys, err := s.Directory.PublishedKeys(ctx, domain)
	if err != nil {
		return nil, err
	}
	settings := &discover.Settings{Hostname: s.Hostname, IMAPS: 993, Submissions: 465, HTTPS: 443, PolicyMode: "testing"}
	return records.Of(domain, settings, keys)
}

func patient(t testing.TB, s *Site, dir string, z *zone.Zone) *doctor.Patient {
	t.Helper()
	return &doctor.Patient{
		Hostname: s.Hostname, Folder: dir, Resolver: &resolver.Resolver{Servers: []string{z.Addr}}, Sends: true,
		Policy: func(context.Context, string) (string, error) { return "", errors.New("nobody is there") },
	}
}

// counter tells how often something was called.
type counter struct{ n atomic.Int64 }

func (c *counter) call() { c.n.Add(1) }
