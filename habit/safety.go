package habit

import (
	"net/netip"
	"strings"
	"time"

	"letterbox/finding"
)

// Kinds of findings about how clients sign in and speak, and what their texts are
// told.
const (
	Exposed     = "exposed"      // name that was used ("" when none), address it came from, protocol
	Stale       = "stale"        // user, address, times within a day
	Guessing    = "guessing"     // user, distinct wrong passwords within a day, addresses they came from
	Stolen      = "stolen"       // user, wrong codes behind the right password within a day, addresses they came from
	Distrust    = "distrust"     // address, times within a day, what the client said
	Crowd       = "crowd"        // user, connections, how many there may be
	CrowdedPeer = "crowded-peer" // address, connections that were turned away within an hour
	Harvest     = "harvest"      // address of the last peer, recipients that it asked for, peers within a day
	Proxied     = "proxied"      // user, device
	WrongClock  = "wrong-clock"  // user, device, minutes that the clock is ahead (less than zero: behind)
	Blundering  = "blundering"   // program with its version, times within a day, command
)

// From when on it is a finding.
const (
	staleTimes    = 3
	guesses       = 30
	guessedCodes  = 5
	distrustTimes = 2
	clockOff      = 10 * time.Minute
	clockTimes    = 3
	blundersADay  = 20
)

// A peer is an address, before anybody has signed in there.
type peer struct {
	stale, distrust, turned burst
}

// peer finds the peer of an address; w.mu is held.
func (w *Watcher) peer(remote netip.Addr) *peer {
	remote = remote.Unmap()
	p, ok := w.peers.get(remote)
	if !ok {
		p = &peer{}
		w.peers.put(remote, p)
	}
	return p
}

func (w *Watcher) lock() bool {
	if w == nil {
		return false
	}
	w.mu.Lock()
	return true
}

// Exposed notes that somebody tried to sign in where others can listen. name is
// shown only when it is an address: it may be anything, a password too.
func (w *Watcher) Exposed(protocol, name string, remote netip.Addr) {
	if !w.lock() {
		return
	}
	defer w.mu.Unlock()
	if !strings.Contains(name, "@") {
		name = ""
	}
	w.raise(finding.Finding{
		Kind: Exposed, Subject: clip(name) + "/" + remote.Unmap().String(), Severity: finding.Red,
		Args: []any{clip(name), remote.Unmap().String(), protocol},
	})
}

// WrongPassword notes a sign-in with a wrong password. again says that it is one
// that was tried before, known that the user has signed in from there. A
// name that is nobody's ("") counts for nothing: strangers try such all day.
func (w *Watcher) WrongPassword(user string, remote netip.Addr, again, known bool) {
	if user == "" || !w.lock() {
		return
	}
	defer w.mu.Unlock()
	now, from := w.now(), remote.Unmap().String()
	switch {
	case known && again:
		if n := w.peer(remote).stale.add(now, 24*time.Hour); n >= staleTimes {
			w.raise(finding.Finding{Kind: Stale, Subject: user + "/" + from, Severity: finding.Amber, Args: []any{user, from, n}})
		}
	case !known && !again:
		if n, from := w.account(user).passwords.add(now, from); n >= guesses {
			w.raise(finding.Finding{Kind: Guessing, Subject: user, Severity: finding.Amber, Args: []any{user, n, from}})
		}
	}
}

// WrongCode notes a wrong code of the second factor, behind the right password. Who
// has signed in from there before mistypes.
func (w *Watcher) WrongCode(user string, remote netip.Addr, known bool) {
	if known || !w.lock() {
		return
	}
	defer w.mu.Unlock()
	if n, from := w.account(user).codes.add(w.now(), remote.Unmap().String()); n >= guessedCodes {
		w.raise(finding.Finding{Kind: Stolen, Subject: user, Severity: finding.Red, Args: []any{user, n, from}})
	}
}

// A siege is guessing within a day, and the addresses that it came from.
type siege struct {
	guesses burst
	from    map[string]bool
}

// add notes a guess and returns how many there were, and from how many addresses.
func (s *siege) add(now time.Time, from string) (guesses, addresses int) {
	guesses = s.guesses.add(now, 24*time.Hour)
	if guesses == 1 || len(s.from) >= maxBurst {
		s.from = map[string]bool{}
	}
	s.from[from] = true
	return guesses, len(s.from)
}

// Distrusted notes that a client ended the TLS handshake because it does not
// trust the certificate; alert is what it said.
func (w *Watcher) Distrusted(remote netip.Addr, alert string) {
	if !w.lock() {
		return
	}
	defer w.mu.Unlock()
	if n := w.peer(remote).distrust.add(w.now(), 24*time.Hour); n >= distrustTimes {
		from := remote.Unmap().String()
		w.raise(finding.Finding{Kind: Distrust, Subject: from, Severity: finding.Red, Args: []any{from, n, alert}})
	}
}

// Connections notes how many connections a user has, of how many there may be.
func (w *Watcher) Connections(user string, open, most int) {
	if 5*open < 4*most || !w.lock() {
		return
	}
	defer w.mu.Unlock()
	w.raise(finding.Finding{Kind: Crowd, Subject: user, Severity: finding.Amber, Args: []any{user, open, most}})
}

// TurnedAway notes that a connection was refused, as there were too many from its
// address.
func (w *Watcher) TurnedAway(remote netip.Addr) {
	if !w.lock() {
		return
	}
	defer w.mu.Unlock()
	from := remote.Unmap().String()
	n := w.peer(remote).turned.add(w.now(), time.Hour)
	w.raise(finding.Finding{Kind: CrowdedPeer, Subject: from, Severity: finding.Amber, Args: []any{from, n}})
}

// Harvested notes that a peer was turned away that asked for many recipients whom
// nobody here is. It is one finding for all such peers: there are some on most days.
func (w *Watcher) Harvested(remote netip.Addr, recipients int) {
	if !w.lock() {
		return
	}
	defer w.mu.Unlock()
	peers := w.harvests.add(w.now(), 24*time.Hour)
	w.raise(finding.Finding{Kind: Harvest, Severity: finding.Amber, Args: []any{remote.Unmap().String(), recipients, peers}})
}

// proxies are parts of the names of programs that run at their maker's, who then
// has the password and reads the mail.
var proxies = []string{"microsoft office 365", "microsoft outlook for", "outlook-ios", "outlook-android", "com.microsoft.office.outlook", "spark", "edison", "newton", "superhuman", "gmailify", "mail.ru", "bluemail"}

// proxied raises a finding when the program runs at its maker's; the lock is held.
func (d *Device) proxied() {
	name := strings.ToLower(d.client.Name)
	for _, p := range proxies {
		if strings.Contains(name, p) {
			d.raise(Proxied, finding.Amber)
			return
		}
	}
}

// A skew is how far the date of a message that was just sent is ahead.
type skew = time.Duration

// Dated notes the date in the header of a message that the device sends right
// now. One old date says nothing, the message may have waited; several that are
// off by the same time do.
func (d *Device) Dated(date time.Time) {
	if date.IsZero() || !d.lock() {
		return
	}
	defer d.unlock()
	d.skews = append(d.skews, date.Sub(d.w.now()))
	if len(d.skews) > clockTimes {
		d.skews = d.skews[1:]
	}
	least, most := d.skews[0], d.skews[0]
	for _, s := range d.skews {
		least, most = min(least, s), max(most, s)
	}
	switch {
	case len(d.skews) < clockTimes, most-least > clockOff/2:
	case least.Abs() > clockOff && most.Abs() > clockOff:
		d.raise(WrongClock, finding.Amber, int(least.Round(time.Minute)/time.Minute))
	default:
		d.w.found.drop(WrongClock + ":" + d.key)
	}
}

// blunders are what the devices with one program do against the protocol.
type blunders struct{ burst }

// Blundered notes a command that is none, or not at that time. command is one of
// those that the server knows, or "unknown".
func (d *Device) Blundered(command string) {
	if !d.lock() {
		return
	}
	defer d.unlock()
	program := Client{Name: d.client.Name, Version: d.client.Version}.String()
	if program == "" {
		program = d.words
	}
	b, ok := d.w.clients.get(program)
	if !ok {
		b = &blunders{}
		d.w.clients.put(program, b)
	}
	if n := b.add(d.w.now(), 24*time.Hour); n >= blundersADay {
		d.w.raise(finding.Finding{
			Kind: Blundering, Subject: program, Severity: finding.Amber, Client: d.client.Family(),
			Args: []any{program, n, command},
		})
	}
}
