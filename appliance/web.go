package appliance

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"letterbox/admin"
	"letterbox/directory"
	"letterbox/discover"
)

// web is what HTTPS serves: the pages, and beside them what mail programs and
// other servers look for.
func (a *Appliance) web(d *Data, site *admin.Site) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", d.again.pause(site.Handler()))
	a.settings(d).Handle(mux)
	return mux
}

// settings are how clients reach this appliance, on the ports that it listens on.
func (a *Appliance) settings(d *Data) *discover.Settings {
	return &discover.Settings{
		Hostname:    d.Config.Hostname,
		IMAPS:       a.port("imaps"),
		IMAP:        a.port("imap"),
		Submissions: a.port("submissions"),
		Submit:      a.port("submission"),
		HTTPS:       d.Config.webPort(a.port("https")),
		PolicyMode:  d.Config.SMTP.MTASTS,
		Hosts:       d.hosts,
		Trusted:     d.Certificates.Trusted,
		Certificate: d.Certificates.Leaf,
		Log:         d.Log.With("server", "https"),
	}
}

// Settings are how clients reach the appliance as far as the configuration tells:
// enough for what is published in the DNS.
func (c *Config) Settings() *discover.Settings {
	l := &c.Listen
	return &discover.Settings{
		Hostname:    c.Hostname,
		IMAPS:       l.IMAPS.port(),
		IMAP:        l.IMAP.port(),
		Submissions: l.Submissions.port(),
		Submit:      l.Submission.port(),
		HTTPS:       c.webPort(l.HTTPS.port()),
		PolicyMode:  c.SMTP.MTASTS,
	}
}

// webPort is by which port others reach the web server that listens on a port of
// ours; 0 when there is none.
func (c *Config) webPort(ours int) int {
	if c.Web.Port != 0 && ours != 0 {
		return c.Web.Port
	}
	return ours
}

// Link is the address of a page.
func (c *Config) Link(path string) string {
	host := c.Hostname
	if port := c.webPort(c.Listen.HTTPS.port()); port != 443 && port != 0 {
		host = net.JoinHostPort(host, strconv.Itoa(port))
	}
	return "https://" + host + path
}

// site is the pages.
func (a *Appliance) site(d *Data) *admin.Site {
	return &admin.Site{
		Hostname:     d.Config.Hostname,
		Version:      Version(),
		Link:         d.Config.Link,
		Directory:    d.Directory,
		Store:        d.Store,
		Queue:        d.Queue,
		Snapshots:    d.Snapshots,
		Sheet:        d.Sheet,
		Certificates: d.Certificates,
		Telemetry:    d.Telemetry,
		Watch:        d.Watch,
		Settings:     d.Settings,
		Journal:      d.Journal,
		Feedback:     d.Feedback,
		Junk:         d.Junk,
		Book:         &a.book,

		Machine:   a.machine(d),
		Setup:     a.setup,
		Passkeys:  a.passkeys(d),
		Reach:     a.settings(d),
		Proxies:   d.Config.Web.TrustedProxies,
		AdminFrom: d.Config.Web.AdminFrom,
		Log:       d.Log.With("server", "web"),
	}
}

// passkeys are those of this host; nil where its name cannot have any, such as an
// address.
func (a *Appliance) passkeys(d *Data) *directory.Passkeys {
	origin := "https://" + d.Config.Hostname
	// With the port, unless somebody stands before us who has the usual one.
	keys, err := d.Directory.Passkeys(d.Config.Hostname, origin, fmt.Sprintf("%s:%d", origin, a.port("https")))
	if err != nil {
		d.Log.Info("nobody can sign in with a passkey", "error", err)
	}
	return keys
}

// port is where a listener listens, 0 when it is switched off.
func (a *Appliance) port(name string) int {
	if addr, ok := a.Addr(name).(*net.TCPAddr); ok {
		return addr.Port
	}
	return 0
}

// hosts reports whether mail for a domain is kept here.
func (d *Data) hosts(ctx context.Context, domain string) (bool, error) {
	domains, err := d.Directory.Domains(ctx)
	return slices.ContainsFunc(domains, func(known directory.Domain) bool { return known.Name == domain }), err
}

// ServeNames asks for certificates for the names under which the domains'
// settings are looked for, if there is HTTPS to show them. To be called when
// domains come or go.
func (d *Data) ServeNames(ctx context.Context) error {
	if len(d.Config.Listen.HTTPS) == 0 {
		return nil
	}
	domains, err := d.Directory.Domains(ctx)
	if err != nil {
		return err
	}
	var names []string
	for _, domain := range domains {
		names = append(names, d.Config.Settings().Names(domain.Name)...)
	}
	d.Certificates.Serve(names)
	return nil
}

// redirect sends visitors of port 80 to HTTPS, under this machine's name
// whatever they called it. Who reached a trusted proxy by HTTPS is there already.
func (a *Appliance) redirect(d *Data, site *admin.Site, web http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if site.Encrypted(r) {
			web.ServeHTTP(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.Error(w, "use https", http.StatusBadRequest)
			return
		}
		port := d.Config.webPort(a.port("https"))
		if port == 0 {
			http.NotFound(w, r)
			return
		}
		host := d.Config.Hostname
		if port != 443 {
			host = net.JoinHostPort(host, strconv.Itoa(port))
		}
		to := url.URL{Scheme: "https", Host: host, Path: r.URL.Path, RawQuery: r.URL.RawQuery}
		http.Redirect(w, r, to.String(), http.StatusFound)
	})
}
