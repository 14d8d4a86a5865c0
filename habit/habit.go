// Package habit watches what mail programs do, and finds those that are set up
// badly: they poll where they could wait, keep two copies of what was sent, show
// passwords to everybody on the way.
//
// imapd and smtpd tell a Device what it does; each rule stands in a file with
// what it looks at, from when on it is a finding, and what its texts are told.
// All of it is in memory, bounded whatever clients do, and gone with the process:
// a habit shows itself again. Messages are known by number or by hash; nothing of
// their content is kept.
//
// Safe for concurrent use: one lock for all, held for some hundred nanoseconds.
// A nil *Watcher and a nil *Device watch nothing.
package habit

import (
	"net/netip"
	"sync"
	"time"

	"letterbox/finding"
)

// What is remembered at most. Beyond that the oldest half is forgotten.
const (
	maxDevices  = 4096
	maxAccounts = 4096
	maxFindings = 512
)

// A finding is shown for as long after it was last seen.
const lingers = 24 * time.Hour

// Watcher knows the devices and what was found about them.
type Watcher struct {
	now func() time.Time

	mu       sync.Mutex
	devices  memory[string, *Device]
	accounts memory[string, *account]
	clients  memory[string, *blunders]        // by name and version
	peers    memory[netip.Addr, *peer]        // that nobody has signed in from yet
	found    memory[string, *finding.Finding] // by id
	harvests burst                            // of addresses, by strangers
}

// New makes a watcher. now is the clock; nil: the machine's.
func New(now func() time.Time) *Watcher {
	if now == nil {
		now = time.Now
	}
	return &Watcher{
		now:      now,
		devices:  newMemory[string, *Device](maxDevices),
		accounts: newMemory[string, *account](maxAccounts),
		clients:  newMemory[string, *blunders](256),
		peers:    newMemory[netip.Addr, *peer](1024),
		found:    newMemory[string, *finding.Finding](maxFindings),
	}
}

// Findings returns what was seen of late.
func (w *Watcher) Findings() []finding.Finding {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []finding.Finding
	w.found.each(func(_ string, f *finding.Finding) {
		if w.now().Sub(f.Last) < lingers {
			list = append(list, *f)
		}
	})
	finding.Sort(list)
	return list
}

// raise notes a finding, or that it was seen again with newer figures; w.mu is
// held.
func (w *Watcher) raise(f finding.Finding) {
	now := w.now()
	known, ok := w.found.get(f.ID())
	if !ok || now.Sub(known.Last) >= lingers {
		known = &finding.Finding{First: now}
		w.found.put(f.ID(), known)
	}
	f.First, f.Last, f.Times = known.First, now, known.Times+1
	*known = f
}

// An account is what concerns several devices of one user.
type account struct {
	devices map[string]time.Time       // when each was here last
	sent    memory[uint64, copyOf]     // messages that were put into Sent, by hash
	flags   memory[flagKey, *struggle] // that were set or taken away
	folders memory[string, *struggle]  // that were made or removed

	passwords siege // that were guessed
	codes     siege // of the second factor, likewise
}

// account finds the account of an address; w.mu is held.
func (w *Watcher) account(address string) *account {
	a, ok := w.accounts.get(address)
	if !ok {
		a = &account{
			devices: map[string]time.Time{},
			sent:    newMemory[uint64, copyOf](256),
			flags:   newMemory[flagKey, *struggle](256),
			folders: newMemory[string, *struggle](64),
		}
		w.accounts.put(address, a)
	}
	return a
}

// maxDevicesOfAccount bounds what is kept of who was here.
const maxDevicesOfAccount = 100

// visit notes that a device is here.
func (a *account) visit(key string, now time.Time) {
	if len(a.devices) >= maxDevicesOfAccount {
		clear(a.devices)
	}
	a.devices[key] = now
}

// others counts the devices beside one that were here within a week.
func (a *account) others(key string, now time.Time) int {
	n := 0
	for other, last := range a.devices {
		if other != key && now.Sub(last) < 7*24*time.Hour {
			n++
		}
	}
	return n
}
