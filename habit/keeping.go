package habit

import (
	"hash/maphash"
	"time"

	"letterbox/finding"
)

// Kinds of findings about what a device does to the mail that is kept, and what
// their texts are told after the user and the device.
const (
	SentTwice   = "sent-twice"   // the device that had put the copy there before
	Drafts      = "drafts"       // drafts within a day
	Emptying    = "emptying"     // messages that it loaded and removed within a day, other devices
	LeftDeleted = "left-deleted" // mailbox, messages marked as deleted in it
	Fight       = "fight"        // the other device, times the two undid each other's work, what it was about
	DoubleUse   = "double-use"   // the folder that was made, the one there is already
)

// From when on it is a finding.
const (
	draftsADay   = 20
	emptiedADay  = 20
	deletedLeft  = 50
	undoneAnHour = 6
)

// A copyOf is a message that a device has put into Sent.
type copyOf struct {
	device string // in words
	at     time.Time
}

// Sent notes that the device put a message into Sent; id is its Message-ID.
func (d *Device) Sent(id string) {
	if id == "" || !d.lock() {
		return
	}
	defer d.unlock()
	now := d.w.now()
	a, key := d.w.account(d.address), maphash.String(seed, id)
	before, ok := a.sent.get(key)
	a.sent.put(key, copyOf{d.words, now})
	if ok && now.Sub(before.at) < 24*time.Hour {
		d.raise(SentTwice, finding.Amber, before.device)
	}
}

// seed is of the hashes that texts are known by.
var seed = maphash.MakeSeed()

// Drafted notes that the device put a message into Drafts.
func (d *Device) Drafted() {
	if !d.lock() {
		return
	}
	defer d.unlock()
	if n := d.drafts.add(d.w.now(), 24*time.Hour); n >= draftsADay {
		d.raise(Drafts, finding.Amber, n)
	}
}

// DraftsRemoved notes that the device took messages out of Drafts: it does clear
// away.
func (d *Device) DraftsRemoved(n int) {
	if n == 0 || !d.lock() {
		return
	}
	defer d.unlock()
	d.drafts.at = d.drafts.at[min(n, len(d.drafts.at)):]
}

// emptying counts, within a day, what a device does with what is in INBOX.
type emptying struct {
	since         time.Time
	loaded, taken int
}

func (e *emptying) today(now time.Time) {
	if now.Sub(e.since) > 24*time.Hour {
		*e = emptying{since: now}
	}
}

func (e *emptying) read(now time.Time) {
	e.today(now)
	e.loaded++
}

// Copied notes that the device put messages of INBOX elsewhere: what it removes
// then is kept.
func (d *Device) Copied(n int) {
	if !d.lock() {
		return
	}
	defer d.unlock()
	d.emptying.today(d.w.now())
	d.emptying.taken -= n
}

// Expunged notes that the device removed messages from INBOX for good. Who
// mostly removes what it has just loaded, and nobody else's device will see, does
// as with POP3.
func (d *Device) Expunged(n int) {
	if n == 0 || !d.lock() {
		return
	}
	defer d.unlock()
	now := d.w.now()
	e := &d.emptying
	e.today(now)
	e.taken += n
	others := d.w.account(d.address).others(d.key, now)
	if e.taken >= emptiedADay && 10*e.loaded >= 8*e.taken && others > 0 {
		d.raise(Emptying, finding.Red, e.taken, others)
	}
}

// Left notes that the device, having marked messages as deleted, leaves a mailbox
// with that many of them.
func (d *Device) Left(mailbox string, deleted int) {
	if deleted < deletedLeft || !d.lock() {
		return
	}
	defer d.unlock()
	d.raise(LeftDeleted, finding.Amber, clip(mailbox), deleted)
}

// A flagKey is a flag of a message.
type flagKey struct {
	message bodyKey
	flag    string
}

// A struggle is between two devices that undo each other's work.
type struggle struct {
	last  string // the device
	words string
	set   bool
	turns burst
}

// turn notes what a device made of it, and returns how often it was turned about
// within the hour, and by whom before.
func (s *struggle) turn(d *Device, set bool) (times int, other string) {
	undone := s.last != "" && s.last != d.key && s.set != set
	other = s.words
	s.last, s.words, s.set = d.key, d.words, set
	if !undone {
		return 0, ""
	}
	return s.turns.add(d.w.now(), time.Hour), other
}

// Flagged notes that the device set a flag of a message or took it away.
func (d *Device) Flagged(mailbox int64, uid uint32, flag string, set bool) {
	if !d.lock() {
		return
	}
	defer d.unlock()
	a, key := d.w.account(d.address), flagKey{bodyKey{mailbox, uid}, clip(flag)}
	s, ok := a.flags.get(key)
	if !ok {
		s = &struggle{}
		a.flags.put(key, s)
	}
	if n, other := s.turn(d, set); n >= undoneAnHour {
		d.fights(other, n, key.flag)
	}
}

// Folder notes that the device made a folder or removed it.
func (d *Device) Folder(name string, made bool) {
	if !d.lock() {
		return
	}
	defer d.unlock()
	if !made {
		d.w.found.drop(DoubleUse + ":" + d.address + "/" + clip(name))
	}
	a := d.w.account(d.address)
	s, ok := a.folders.get(name)
	if !ok {
		s = &struggle{}
		a.folders.put(name, s)
	}
	if n, other := s.turn(d, made); n >= undoneAnHour {
		d.fights(other, n, clip(name))
	}
}

// fights raises one finding for the two of them; the lock is held.
func (d *Device) fights(other string, times int, about string) {
	d.w.raise(finding.Finding{
		Kind:     Fight,
		Subject:  d.address + "/" + about,
		Severity: finding.Amber,
		Client:   d.client.Family(),
		Args:     []any{d.address, d.words, other, times, about},
	})
}

// Doubled notes that the device made a folder for what another is there already.
func (d *Device) Doubled(made, there string) {
	if !d.lock() {
		return
	}
	defer d.unlock()
	d.w.raise(finding.Finding{
		Kind:     DoubleUse,
		Subject:  d.address + "/" + clip(made),
		Severity: finding.Amber,
		Client:   d.client.Family(),
		Args:     []any{d.address, d.words, clip(made), clip(there)},
	})
}
