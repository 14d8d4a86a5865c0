package appliance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"time"

	"letterbox/backup"
	"letterbox/certificate"
	"letterbox/doctor"
	"letterbox/records"
)

// Checkup looks at everything that package doctor knows to look at.
func (d *Data) Checkup(ctx context.Context) ([]doctor.Result, error) {
	p, err := d.Patient(ctx)
	if err != nil {
		return nil, err
	}
	results := doctor.Examine(ctx, p)
	d.infirmary.keep(results)
	return results, nil
}

// Patient is this appliance as the doctor looks at it, at this moment.
func (d *Data) Patient(ctx context.Context) (*doctor.Patient, error) {
	c := &d.Config
	names, err := c.DNS.resolver()
	if err != nil {
		return nil, err
	}
	p := &doctor.Patient{
		Hostname: c.Hostname, Folder: c.Data, Reserve: d.reserve(),
		Listeners: d.serving, Certificates: d.Certificates.Status(),
		Sends: c.Queue.Send, Resolver: names,
		Peer: c.Doctor.Peer, Clock: c.Doctor.TimeServer, Blocklists: c.Doctor.Blocklists,
		Policy:  fetchPolicy(names.LookupIPAddr),
		Version: Version(), Replaced: d.program.replaced(), Updates: c.Doctor.Updates,
		Newest: func(ctx context.Context, name string) (doctor.Release, error) {
			return d.releases.ask(ctx, names, name)
		},
	}
	if c.Relay.Use == "always" {
		p.Relay = c.Relay.Address
	}
	if c.TLS.Authority == certificate.LetsEncrypt {
		p.Authority = "letsencrypt.org"
	}
	if p.TLSA, err = d.Certificates.TLSA(); err != nil {
		return nil, err
	}
	if p.Domains, err = d.published(ctx); err != nil {
		return nil, err
	}
	if when := d.lastUpkeep(ctx, lastNight); when.Unix() > 0 {
		p.Checked = when
	}
	if p.Damage, _, err = d.Directory.Setting(ctx, foundDamage); err != nil {
		return nil, err
	}
	if p.Dropped, _, err = d.Directory.Setting(ctx, separatorsDropped); err != nil {
		return nil, err
	}
	if p.Nowhere, err = d.Directory.LeadNowhere(ctx); err != nil {
		return nil, err
	}
	p.Queue, p.QueueErr = d.Queue.List(ctx)
	return p, d.describeSnapshots(p)
}

// published is what each domain should publish.
func (d *Data) published(ctx context.Context) (list []doctor.Domain, err error) {
	domains, err := d.Directory.Domains(ctx)
	if err != nil {
		return nil, err
	}
	for _, domain := range domains {
		one, err := d.Published(ctx, domain.Name)
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
}

// Published is what a domain of ours should publish; directory.ErrNotOurs.
func (d *Data) Published(ctx context.Context, domain string) (doctor.Domain, error) {
	keys, err := d.Directory.PublishedKeys(ctx, domain)
	if err != nil {
		return doctor.Domain{}, err
	}
	list, err := records.Of(domain, d.Config.Settings(), keys)
	return doctor.Domain{Name: domain, Records: list}, err
}

// describeSnapshots says where snapshots go and what became of them.
func (d *Data) describeSnapshots(p *doctor.Patient) error {
	plan := d.Config.SnapshotPlan()
	known, err := d.Snapshots.Records()
	if err != nil {
		return fmt.Errorf("read what is known about the snapshots: %w", err)
	}
	keys, err := d.Snapshots.OwnerKeys()
	if err != nil {
		return fmt.Errorf("read the keys of the snapshots: %w", err)
	}
	p.Every = plan.Schedule.Every
	for _, address := range plan.Targets {
		t := doctor.Target{
			Address: address,
			Remote:  address != filepath.Join(d.Config.Data, localSnapshots),
			Record:  backup.Record{Target: address},
			Reach:   reachTarget(address, plan.Access),
		}
		for _, r := range known {
			if r.Target == address {
				t.Record = r
			}
		}
		p.Targets = append(p.Targets, t)
	}
	p.Locked = len(keys) == 0 && leaves(plan.Targets)
	return nil
}

// leaves reports whether snapshots leave the machine, and so are encrypted.
func leaves(targets []string) bool {
	for _, address := range targets {
		if !filepath.IsAbs(address) {
			return true
		}
	}
	return false
}

// reachTarget connects to a place and asks it something.
func reachTarget(address string, access backup.Access) func(context.Context) error {
	return func(ctx context.Context) error {
		t, err := backup.OpenTarget(ctx, address, access)
		if err != nil {
			return err
		}
		_, err = t.Get(ctx, "doctor-was-here") // it never was
		if errors.Is(err, backup.ErrMissing) {
			err = nil
		}
		return errors.Join(err, t.Close())
	}
}

// policyLimit is how long a policy may be.
const policyLimit = 64 << 10

// fetchPolicy fetches MTA-STS policies as other servers do (RFC 8461 section
// 3.3): over HTTPS with a certificate that the world trusts, following nobody
// elsewhere.
func fetchPolicy(lookup func(context.Context, string) ([]net.IPAddr, error)) func(context.Context, string) (string, error) {
	client := &http.Client{
		Timeout:       10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("it leads elsewhere") },
		Transport: &http.Transport{
			DisableKeepAlives: true,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				host, port, err := net.SplitHostPort(address)
				if err != nil {
					return nil, err
				}
				found, err := lookup(ctx, host)
				for _, a := range found {
					var conn net.Conn
					if conn, err = (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort(a.String(), port)); err == nil {
						return conn, nil
					}
				}
				return nil, err
			},
		},
	}
	return func(ctx context.Context, domain string) (string, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://mta-sts."+domain+"/.well-known/mta-sts.txt", nil)
		if err != nil {
			return "", err
		}
		response, err := client.Do(r)
		if err != nil {
			return "", err
		}
		defer response.Body.Close()
		text, err := io.ReadAll(io.LimitReader(response.Body, policyLimit))
		if err == nil && response.StatusCode != http.StatusOK {
			err = fmt.Errorf("the web server says %s", response.Status)
		}
		return string(text), err
	}
}

// noteListeners remembers what is open, for the doctor.
func (d *Data) noteListeners(open listeners) {
	d.serving = []doctor.Listener{}
	for name, list := range open {
		for _, ln := range list {
			if at, err := netip.ParseAddrPort(ln.Addr().String()); err == nil {
				d.serving = append(d.serving, doctor.Listener{Name: name, Address: at})
			}
		}
	}
}
