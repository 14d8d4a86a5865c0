package habit

import (
	"time"

	"letterbox/finding"
)

// Kinds of findings about how a device reads, and what their texts are told
// after the user and the device.
const (
	Polling   = "polling"   // times it asked within the last hour
	Resyncing = "resyncing" // times within the last hour, mailbox, messages in it
	Again     = "reloading" // times the same message was loaded within a day, bytes
	Flapping  = "flapping"  // short connections that ended without a goodbye within the last hour
)

// From when on it is a finding.
const (
	pollsAnHour   = 6                // minutes in which it asked
	pollsOver     = 20 * time.Minute // from the first of them to the last
	resyncsAnHour = 10
	resyncLarge   = 200 // messages; less is nothing
	timesAgain    = 8
	brokenAnHour  = 15
	shortLived    = 2 * time.Minute
)

// Polled notes that the device asked for news, where it could have waited for
// them. Several questions in a minute are one: a client looks at all its folders.
func (d *Device) Polled() {
	if !d.lock() {
		return
	}
	defer d.unlock()
	now := d.w.now()
	if n := len(d.polls.at); n > 0 && now.Sub(d.polls.at[n-1]) < time.Minute {
		return
	}
	n := d.polls.add(now, time.Hour)
	waits := now.Sub(time.Unix(d.lastIdled, 0)) < 2*time.Hour
	if n >= pollsAnHour && d.polls.span() >= pollsOver && !waits && d.client.Family() != "webmail" {
		d.raise(Polling, finding.Amber, n)
	}
}

// Waited notes that the device waited for news, with IDLE or NOTIFY.
func (d *Device) Waited() {
	if !d.lock() {
		return
	}
	defer d.unlock()
	d.lastIdled = d.w.now().Unix()
	d.polls.reset()
	d.w.found.drop(Polling + ":" + d.key)
}

// Resynced notes that the device asked for the flags of a whole mailbox.
func (d *Device) Resynced(mailbox int64, name string, messages int) {
	if messages < resyncLarge || !d.lock() {
		return
	}
	defer d.unlock()
	if len(d.resyncs) > 64 {
		clear(d.resyncs)
	}
	b := d.resyncs[mailbox]
	if b == nil {
		b = &burst{}
		d.resyncs[mailbox] = b
	}
	if n := b.add(d.w.now(), time.Hour); n >= resyncsAnHour {
		d.raise(Resyncing, finding.Amber, n, clip(name), messages)
	}
}

// A bodyKey is a message in a mailbox.
type bodyKey struct {
	mailbox int64
	uid     uint32
}

type fetched struct {
	times burst
	bytes int64
}

// Downloaded notes that the device loads a message from its beginning. inbox
// says that it lies in INBOX.
func (d *Device) Downloaded(mailbox int64, uid uint32, size int64, inbox bool) {
	if !d.lock() {
		return
	}
	defer d.unlock()
	now := d.w.now()
	key := bodyKey{mailbox, uid}
	f, ok := d.bodies.get(key)
	if !ok {
		f = &fetched{}
		d.bodies.put(key, f)
	}
	f.bytes += size
	n := f.times.add(now, 24*time.Hour)
	if inbox && n == 1 {
		d.emptying.read(now)
	}
	if n >= timesAgain && d.client.Family() != "webmail" {
		d.raise(Again, finding.Amber, n, finding.Bytes(f.bytes))
	}
}

// Ended notes the end of a connection, and whether it was cut off: the client had
// not said goodbye.
func (d *Device) Ended(lasted time.Duration, broken bool) {
	if !broken || lasted > shortLived || !d.lock() {
		return
	}
	defer d.unlock()
	if n := d.broken.add(d.w.now(), time.Hour); n >= brokenAnHour && d.client.Family() != "webmail" {
		d.raise(Flapping, finding.Amber, n)
	}
}
