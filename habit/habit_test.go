package habit

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

var somewhere = netip.MustParseAddr("192.0.2.7")

func size[K comparable, V any](m *memory[K, V]) (n int) {
	m.each(func(K, V) { n++ })
	return n
}

// Whatever clients do, what is remembered of them is bounded.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	w := New(nil)
	d := w.Device(Identity{Address: "anna@example.org", Client: Client{Name: "Phone"}}, nil)
	for i := range 3 * maxDevices {
		name := fmt.Sprint("name ", i)
		w.Device(Identity{Address: "anna@example.org", Client: Client{Name: name}}, nil)
		w.Device(Identity{Address: name + "@example.org", Remote: somewhere}, nil)
		w.Exposed("imap", name+"@example.org", somewhere)
		d.Downloaded(1, uint32(i), 100, true)
		d.Sent(name)
		d.Folder(name, true)
		d.Flagged(1, uint32(i), `\Seen`, true)
		d.Resynced(int64(i), name, 1000)
		d.Drafted()
	}
	a := w.account("anna@example.org")
	for what, n := range map[string][2]int{
		"devices": {size(&w.devices), maxDevices}, "accounts": {size(&w.accounts), maxAccounts}, "findings": {size(&w.found), maxFindings},
		"bodies": {size(&d.bodies), 256}, "mailboxes": {len(d.resyncs), 65}, "drafts": {len(d.drafts.at), maxBurst},
		"devices of an account": {len(a.devices), maxDevicesOfAccount},
	} {
		if n[0] > n[1] || n[0] == 0 {
			t.Errorf("%d %s, of at most %d", n[0], what, n[1])
		}
	}
}

// What is used stays, when what was not goes.
func TestMemoryKeepsWhatIsUsed(t *testing.T) {
	t.Parallel()
	m := newMemory[int, string](100)
	m.put(-1, "used")
	for i := range 1000 {
		m.put(i, "")
		if v, ok := m.get(-1); !ok || v != "used" {
			t.Fatalf("forgotten after %d others", i)
		}
	}
	m.drop(-1)
	if _, ok := m.get(-1); ok {
		t.Error("still there")
	}
}

// A finding goes by itself when it was not seen for a day, and begins anew then.
func TestFindingsLinger(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)
	w := New(func() time.Time { return now })
	w.Exposed("imap", "anna@example.org", somewhere)
	now = now.Add(20 * time.Hour)
	w.Exposed("imap", "anna@example.org", somewhere)
	now = now.Add(20 * time.Hour)
	list := w.Findings()
	if len(list) != 1 || list[0].Times != 2 || now.Sub(list[0].First) != 40*time.Hour {
		t.Fatalf("%+v", list)
	}
	now = now.Add(5 * time.Hour)
	if list := w.Findings(); len(list) != 0 {
		t.Errorf("%+v", list)
	}
	w.Exposed("imap", "anna@example.org", somewhere)
	if list := w.Findings(); len(list) != 1 || list[0].Times != 1 || !list[0].First.Equal(now) {
		t.Errorf("%+v", list)
	}
}

func TestFamilies(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Thunderbird": "thunderbird", "Mozilla Thunderbird": "thunderbird", "Thunderbird Mobile": "k9", "K-9 Mail": "k9",
		"iPhone Mail": "ios", "Mac OS X Mail": "apple", "NeoMutt": "mutt", "Roundcube Webmail": "webmail", "Something": "",
	} {
		if got := (Client{Name: name}).Family(); got != want {
			t.Errorf("%s is of %q, want %q", name, got, want)
		}
	}
	if c := (Client{Name: "a\r\nb\xff" + fmt.Sprintf("%100d", 1)}).Clean(); c.Name != "ab" {
		t.Errorf("%q", c.Name)
	}
	for name, want := range map[string]string{"Gesendet": `\Sent`, "ENTWÜRFE": `\Drafts`, "Corbeille": `\Trash`, "Travels": ""} {
		if got := LocalUse(name); got != want {
			t.Errorf("%s is for %q, want %q", name, got, want)
		}
	}
}
