package appliance

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"letterbox/directory"
)

// Check refuses values that cannot work or would be unsafe; each text says how
// to mend it. All that is wrong is reported at once.
func (c *Config) Check() error {
	return errors.Join(
		checkHostname(c.Hostname),
		c.Listen.check(),
		c.IMAP.check(),
		c.SMTP.check(),
		c.Quota.check(),
		c.Junk.check(),
		c.Mail.check(),
		c.TLS.check(),
		c.Relay.check(),
		c.Queue.check(),
		c.DNS.check(),
		c.Snapshot.check(c.Data),
		c.Log.check(),
		c.Doctor.check(),
		checkWebPort(c.Web.Port),
	)
}

func (d Doctor) check() error {
	if d.Updates != "" && (!strings.Contains(d.Updates, ".") || checkHostname(d.Updates) != nil) {
		return fmt.Errorf("doctor.updates: %q is no domain name; release notes of Letterbox give the one to write here", d.Updates)
	}
	return nil
}

func checkWebPort(port int) error {
	if port < 0 || port > 65535 {
		return fmt.Errorf("web.port: %d is no port; write one up to 65535, or 0 for the one that listen.https names", port)
	}
	return nil
}

func checkHostname(name string) error {
	if name == "" {
		return nil
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return fmt.Errorf("hostname: %q is an address; write a name such as mail.example.org", name)
	}
	for label := range strings.SplitSeq(name, ".") {
		if !isHostLabel(label) {
			return fmt.Errorf("hostname: %q is not a host name; write one such as mail.example.org (letters, digits, - and dots; for other letters the form that begins with xn--)", name)
		}
	}
	return nil
}

// isHostLabel follows RFC 1123 section 2.1.
func isHostLabel(label string) bool {
	if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	return !strings.ContainsFunc(label, func(r rune) bool {
		return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

// named pairs each list of addresses with its key.
func (l *Listen) named() []namedAddresses {
	return []namedAddresses{
		{"imap", l.IMAP}, {"imaps", l.IMAPS},
		{"smtp", l.SMTP}, {"submission", l.Submission}, {"submissions", l.Submissions},
		{"http", l.HTTP}, {"https", l.HTTPS},
		{"metrics", l.Metrics},
	}
}

type namedAddresses struct {
	name      string
	addresses Addresses
}

func (l *Listen) check() error {
	var errs []error
	taken := map[string]string{} // address to key
	for _, n := range l.named() {
		for _, address := range n.addresses {
			errs = append(errs, checkAddress("listen."+n.name, address))
			if other, twice := taken[address]; twice && !strings.HasSuffix(address, ":0") {
				errs = append(errs, fmt.Errorf("listen.%s: %s is taken by listen.%s; give each its own port", n.name, address, other))
			}
			taken[address] = n.name
		}
	}
	for _, proxy := range l.ProxyFrom {
		if proxy.Bits() == 0 {
			errs = append(errs, fmt.Errorf("listen.proxy_from: %s would let everybody claim to be anybody; name the proxies alone", proxy))
		}
	}
	for _, address := range l.Metrics {
		if !l.MetricsPublic && !isLoopback(address) {
			errs = append(errs, fmt.Errorf("listen.metrics: %s can be reached from elsewhere; listen on 127.0.0.1:9400, or set listen.metrics_public = true", address))
		}
	}
	return errors.Join(errs...)
}

// checkAddress takes what net.Listen takes, but only with a number as port and
// without asking a name server.
func checkAddress(key, address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%s: %q is not ADDRESS:PORT; write for example :143, 127.0.0.1:143 or [::1]:143", key, address)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("%s: %q is no port; write a number from 0 to 65535", key, port)
	}
	if _, err := netip.ParseAddr(host); err != nil && host != "" && host != "localhost" {
		return fmt.Errorf("%s: %q is no address of this machine; write it in numbers, or leave it out to listen on all", key, host)
	}
	return nil
}

// isLoopback reports whether only this machine reaches the address.
func isLoopback(address string) bool {
	host, _, _ := net.SplitHostPort(address)
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func (i IMAP) check() error {
	return errors.Join(
		checkMessageSize("imap.max_message_size", i.MaxMessageSize),
		checkLimit("imap.max_connections", i.MaxConnections),
		checkLimit("imap.max_connections_per_address", i.MaxConnectionsPerAddress),
		checkLimit("imap.max_connections_per_user", i.MaxConnectionsPerUser),
	)
}

func (s SMTP) check() error {
	errs := []error{
		checkMessageSize("smtp.max_message_size", s.MaxMessageSize),
		checkLimit("smtp.max_connections", s.MaxConnections),
		checkLimit("smtp.max_connections_per_address", s.MaxConnectionsPerAddress),
		s.checkHourly(),
	}
	if !slices.Contains([]string{"", "none", "testing", "enforce"}, s.MTASTS) {
		errs = append(errs, fmt.Errorf("smtp.mta_sts: %q is unknown; write testing, enforce, none, or nothing", s.MTASTS))
	}
	if s.MaxRecipients < 100 { // RFC 5321 section 4.5.3.1.8
		errs = append(errs, fmt.Errorf("smtp.max_recipients: %d is fewer than other servers rely on; write 100 or more", s.MaxRecipients))
	}
	return errors.Join(errs...)
}

// checkHourly is about what one address may do.
func (s SMTP) checkHourly() error {
	var errs []error
	for _, limit := range []struct {
		key   string
		value int
	}{
		{"max_messages_per_address", s.MaxMessagesPerAddress}, {"max_recipients_per_address", s.MaxRecipientsPerAddress},
		{"max_unknown_per_address", s.MaxUnknownPerAddress}, {"max_mistakes_per_address", s.MaxMistakesPerAddress},
	} {
		if limit.value < 0 {
			errs = append(errs, fmt.Errorf("smtp.%s: %d is no number of times an hour; write 1 or more, or 0 for no limit", limit.key, limit.value))
		}
	}
	if s.Tarpit > Duration(2*time.Minute) { // RFC 5321 section 4.5.3.2.3: clients wait 5 minutes for an answer to RCPT
		errs = append(errs, errors.New("smtp.tarpit: nobody waits for so long; write 2 min or less"))
	}
	return errors.Join(errs...)
}

func checkLimit(key string, value int) error {
	if value < 1 {
		return fmt.Errorf("%s: %d would let nobody in; write 1 or more", key, value)
	}
	return nil
}

func (q Quota) check() error {
	if q.Grace < 0 || q.Grace > 100 {
		return fmt.Errorf("quota.grace: %d is no percentage from 0 (none) to 100", q.Grace)
	}
	return nil
}

func (m Mail) check() error {
	if err := directory.CheckSeparators(m.Separators); err != nil {
		return fmt.Errorf("mail.separators: %w", err)
	}
	if m.RollbackDays < 0 || m.RollbackDays > 365 {
		return fmt.Errorf("mail.rollback_days: %d is no number of days from 0 (not at all) to 365", m.RollbackDays)
	}
	if m.TraceDays < 0 || m.TraceDays > 3650 {
		return fmt.Errorf("mail.trace_days: %d is no number of days from 0 (not at all) to 3650", m.TraceDays)
	}
	for key, days := range map[string]int{"mail.junk_days": m.JunkDays, "mail.trash_days": m.TrashDays} {
		if days < 0 || days > 36500 {
			return fmt.Errorf("%s: %d is no number of days from 0 (for ever) to 36500", key, days)
		}
	}
	if m.UndeleteDays < 0 || m.UndeleteDays > 3650 {
		return fmt.Errorf("mail.undelete_days: %d is no number of days from 0 (not at all) to 3650", m.UndeleteDays)
	}
	return nil
}

// trace is how long it is kept what became of messages.
func (m Mail) trace() time.Duration { return time.Duration(m.TraceDays) * 24 * time.Hour }

func (m Mail) rollback() time.Duration { return time.Duration(m.RollbackDays) * 24 * time.Hour }

// undelete is how long what was expunged is kept.
func (m Mail) undelete() time.Duration { return time.Duration(m.UndeleteDays) * 24 * time.Hour }

// checkMessageSize: RFC 5321 section 4.5.3.1.7 asks for at least 64K octets;
// the upper bound is what fits into memory when a message is handled whole.
func checkMessageSize(key string, s Size) error {
	if s < 64<<10 || s > 1<<30 {
		return fmt.Errorf("%s: must lie between 64 KiB and 1 GiB; mail in general passes up to about 50 MiB", key)
	}
	return nil
}

func (r Relay) check() error {
	var errs []error
	if !slices.Contains([]string{"none", "starttls", "implicit"}, r.TLS) {
		errs = append(errs, fmt.Errorf("relay.tls: %q is unknown; write starttls, implicit or none", r.TLS))
	}
	if !slices.Contains([]string{"always", "domains", "blocked"}, r.Use) {
		errs = append(errs, fmt.Errorf("relay.use: %q is unknown; write always, domains or blocked", r.Use))
	}
	if r.Address != "" {
		host, port, err := net.SplitHostPort(r.Address)
		if _, portErr := strconv.ParseUint(port, 10, 16); err != nil || portErr != nil || host == "" {
			errs = append(errs, fmt.Errorf("relay.address: %q is not HOST:PORT; write for example smtp.example.net:587", r.Address))
		}
	}
	if r.Username != "" {
		errs = append(errs, r.checkPassword())
	}
	return errors.Join(errs...)
}

func (q Queue) check() error {
	var errs []error
	if q.Lifetime < Duration(time.Hour) || q.Lifetime > Duration(30*24*time.Hour) {
		errs = append(errs, errors.New("queue.lifetime: must lie between 1 h and 30 days; 4 days is usual"))
	}
	if q.Warn < 0 || q.Warn >= q.Lifetime {
		errs = append(errs, errors.New("queue.warn: must be shorter than queue.lifetime, or 0 for no warning"))
	}
	if q.Connections < 1 || q.PerDestination < 1 {
		errs = append(errs, errors.New("queue.connections and queue.per_destination: write 1 or more; to send nothing set queue.send = false"))
	}
	if q.MessagesPerDay < 0 || q.StrangersPerDay < 0 {
		errs = append(errs, errors.New("queue.messages_per_day and queue.strangers_per_day: write a number, or 0 for no limit"))
	}
	return errors.Join(errs...)
}

func (d DNS) check() error {
	var errs []error
	for _, server := range d.Servers {
		if _, err := netip.ParseAddrPort(server); err != nil {
			errs = append(errs, fmt.Errorf("dns.servers: %q is not ADDRESS:PORT; write for example 127.0.0.1:53 or [::1]:53", server))
		}
	}
	return errors.Join(errs...)
}

// checkPassword is about signing in at the relay.
func (r Relay) checkPassword() error {
	if r.TLS == "none" && !isLoopback(r.Address) {
		return errors.New("relay.tls: none would show the password to everybody on the way; set it to starttls or implicit")
	}
	if r.PasswordFile == "" {
		return errors.New("relay.password_file: missing; write the password into a file that only its owner can read and name it here")
	}
	return checkSecret("relay.password_file", r.PasswordFile)
}

// checkSecret is about a file that only its owner may be able to read.
func checkSecret(key, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s: others can read it; run: chmod 600 %s", key, path)
	}
	return nil
}

func (l Log) check() error {
	var errs []error
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, l.Level) {
		errs = append(errs, fmt.Errorf("log.level: %q is unknown; write debug, info, warn or error", l.Level))
	}
	if !slices.Contains([]string{"text", "json"}, l.Format) {
		errs = append(errs, fmt.Errorf("log.format: %q is unknown; write text or json", l.Format))
	}
	return errors.Join(errs...)
}
