package habit

import (
	"net/netip"

	"letterbox/finding"
)

// A Device is one user's mail program on one machine, as well as it can be told:
// by the app password it signs in with, else by what it says of itself, else by
// the address that it comes from.
type Device struct {
	w       *Watcher
	key     string
	address string // of the user
	words   string // for people
	client  Client

	polls     burst
	resyncs   map[int64]*burst // by mailbox
	bodies    memory[bodyKey, *fetched]
	drafts    burst
	emptying  emptying
	broken    burst
	skews     []skew
	lastIdled int64 // in seconds since 1970
}

// An Identity tells a device from another.
type Identity struct {
	Address  string // of the user
	Password string // the name of the app password; "" for the user's own
	Client   Client
	Remote   netip.Addr
}

// Device returns the device with that identity. was is what the same connection
// was taken for before it said more of itself; nil: nothing.
func (w *Watcher) Device(id Identity, was *Device) *Device {
	if w == nil || id.Address == "" {
		return nil
	}
	id.Client = id.Client.Clean()
	w.mu.Lock()
	defer w.mu.Unlock()
	key := id.key()
	d, ok := w.devices.get(key)
	if !ok {
		d = &Device{w: w, key: key, address: id.Address, resyncs: map[int64]*burst{}, bodies: newMemory[bodyKey, *fetched](256)}
		w.devices.put(key, d)
	}
	d.client, d.words = id.Client, id.words()
	a := w.account(id.Address)
	if was != nil && was.address == id.Address {
		delete(a.devices, was.key)
	}
	a.visit(key, w.now())
	d.proxied()
	return d
}

func (id Identity) key() string {
	key := id.Address + "/" + id.Password
	if id.Client.Name != "" {
		return key + "/" + id.Client.Name + "/" + id.Client.OS
	}
	return key + "/" + id.Remote.Unmap().String()
}

// words name the device to people: "phone, K-9 Mail 6.8 (Android)".
func (id Identity) words() string {
	s := id.Client.String()
	if s == "" {
		s = id.Remote.Unmap().String()
	}
	if id.Password != "" {
		s = id.Password + ", " + s
	}
	return s
}

// Key identifies the device, Words name it to people.
func (d *Device) Key() string { return d.key }

// Words name the device to people. They may change when it says more of itself.
func (d *Device) Words() string {
	if d == nil {
		return ""
	}
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	return d.words
}

// raise notes a finding about the device. Its texts are told the user's address,
// the device in words, and what the kind adds.
func (d *Device) raise(kind string, s finding.Severity, args ...any) {
	d.w.raise(finding.Finding{
		Kind:     kind,
		Subject:  d.key,
		Severity: s,
		Client:   d.client.Family(),
		Args:     append([]any{d.address, d.words}, args...),
	})
}

// lock is held while a device or anything of its watcher is touched; it is
// false for nobody.
func (d *Device) lock() bool {
	if d == nil {
		return false
	}
	d.w.mu.Lock()
	return true
}

func (d *Device) unlock() { d.w.mu.Unlock() }
