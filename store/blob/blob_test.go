package blob

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

func open(t *testing.T, dir string, o Options) *Store {
	t.Helper()
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// body makes n bytes that compress a little.
func body(seed uint64, n int) []byte {
	random := rand.New(rand.NewPCG(seed, 1))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('a' + random.IntN(20))
	}
	return b
}

func put(t *testing.T, s *Store, raw []byte) Location {
	t.Helper()
	meta := Meta{Account: "anna@letterbox.example", Mailbox: "INBOX", Received: time.Unix(1e9, 0), Prefix: []byte("X: y\r\n"), Flags: `\Seen`}
	at, err := s.Put(t.Context(), Item{Body: raw, Hash: Sum(raw), Meta: []Meta{meta}})
	if err != nil {
		t.Fatal(err)
	}
	return at[0]
}

func get(t *testing.T, s *Store, at Location, hash Hash) []byte {
	t.Helper()
	r, err := s.Open(at, hash)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var b bytes.Buffer
	if _, err := r.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, Options{})
	places := make(map[int]Location)
	sizes := []int{0, 1, 100, 59_999, 60_001, frameAbove, frameAbove + 1, 5<<20 + 17}
	for _, n := range sizes {
		places[n] = put(t, s, body(1, n))
	}
	s.Close()
	s = open(t, dir, Options{})
	defer s.Close()
	for _, n := range sizes {
		want := body(1, n)
		if got := get(t, s, places[n], Sum(want)); !bytes.Equal(got, want) {
			t.Errorf("%d bytes came back as %d", n, len(got))
		}
		r, err := s.Open(places[n], Sum(want))
		if err != nil {
			t.Fatal(err)
		}
		if part := make([]byte, min(n, 1000)); len(part) > 0 {
			off := int64(n - len(part))
			if _, err := r.ReadAt(part, off); err != nil || !bytes.Equal(part, want[off:]) {
				t.Errorf("the end of %d bytes: %v", n, err)
			}
		}
		r.Close()
	}
}

func TestPutsShareFlushes(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	defer s.Close()
	first := newWrite()
	first.records = [][]byte{encode(Item{Body: []byte("first"), Hash: Sum([]byte("first"))})}
	if lead, err := s.line.join(first); !lead || err != nil {
		t.Fatalf("the first leads: %t, %v", lead, err)
	}
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() { put(t, s, body(uint64(i), 3000)) })
	}
	for s.line.length() < 201 { // all have come while one was at it
		time.Sleep(time.Millisecond)
	}
	s.commit(&s.current, s.line.take())
	s.line.passOn()
	all.Wait()
	if stats := s.Stats(); stats.Puts != 201 || stats.Flushes > 3 {
		t.Errorf("%d flushes for %d puts", stats.Flushes, stats.Puts)
	}
}

// TestTornTail cuts the pack at every byte of its last record.
func TestTornTail(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, Options{})
	first := put(t, s, body(1, 500))
	last := put(t, s, body(2, 300))
	s.Close()
	name := filepath.Join(dir, "0000000001.pack")
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for cut := last.Offset; cut < last.Offset+last.Length; cut++ {
		if err := os.WriteFile(name, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(t, dir, Options{})
		if got := get(t, s, first, Sum(body(1, 500))); !bytes.Equal(got, body(1, 500)) {
			t.Fatalf("cut at %d: the first record is lost", cut)
		}
		if third := put(t, s, body(3, 10)); third.Offset != last.Offset {
			t.Fatalf("cut at %d: the next record lies at %d, want %d", cut, third.Offset, last.Offset)
		}
		s.Close()
	}
}

// TestDamageIsFound flips each bit of a record in turn; the one behind it stays.
// TestNothingIsSwallowed puts a record behind a header that promises more than
// there is, with a whole record in between: what is added must not become part
// of what was promised.
func TestNothingIsSwallowed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	last := encode(Item{Body: []byte("last"), Hash: Sum([]byte("last"))})
	broken := header{kind: whole, size: 10, payload: int64(len(last)) + 10}
	raw := append(broken.append(bytes.Clone(packMagic)), last...)
	if err := os.WriteFile(filepath.Join(dir, PackFile(1)), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir, Options{})
	added := []byte("added")
	put(t, s, added)
	var found []Hash
	_ = s.Scan(t.Context(), func(r Record) error { // the broken header is damage
		found = append(found, r.Hash)
		return nil
	})
	if want := []Hash{Sum([]byte("last")), Sum(added)}; !slices.Equal(found, want) {
		t.Errorf("found %d records %x, want %x", len(found), found, want)
	}
}

func TestDamageIsFound(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, Options{})
	first := put(t, s, body(1, 200))
	second := put(t, s, body(2, 200))
	defer s.Close()
	file, err := os.OpenFile(filepath.Join(dir, "0000000001.pack"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for bit := range first.Length * 8 {
		var b [1]byte
		at := first.Offset + bit/8
		file.ReadAt(b[:], at)
		b[0] ^= 1 << (bit % 8)
		file.WriteAt(b[:], at)
		var bad, found int
		err := s.Scrub(t.Context(), func(Record, error) { bad++ })
		s.Scan(t.Context(), func(r Record) error {
			if r.Hash == Sum(body(2, 200)) && r.Location == second {
				found++
			}
			return nil
		})
		if err == nil && bad == 0 {
			t.Errorf("flipping bit %d was not noticed", bit)
		}
		if found != 1 {
			t.Errorf("flipping bit %d hid the next record", bit)
		}
		b[0] ^= 1 << (bit % 8)
		file.WriteAt(b[:], at)
	}
}

func TestCompact(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{MaxPack: 4000})
	defer s.Close()
	places, alive := make(map[Hash]Location), make(map[Hash]bool)
	for i := range 40 {
		raw := body(uint64(i), 800)
		places[Sum(raw)] = put(t, s, raw)
		alive[Sum(raw)] = i%3 == 0
	}
	before := s.Stats()
	err := s.Compact(t.Context(), 0.9, func(r Record) bool { return alive[r.Hash] }, func(_ context.Context, moves []Move) error {
		for _, m := range moves {
			if places[m.Hash] != m.From {
				t.Errorf("moved from %v, want %v", m.From, places[m.Hash])
			}
			places[m.Hash] = m.To
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if after := s.Stats(); after.Bytes > before.Bytes*2/3 {
		t.Errorf("%d bytes before, %d after", before.Bytes, after.Bytes)
	}
	for i := range 40 {
		if raw := body(uint64(i), 800); alive[Sum(raw)] && !bytes.Equal(get(t, s, places[Sum(raw)], Sum(raw)), raw) {
			t.Errorf("body %d is lost", i)
		}
	}
}

// TestPinKeepsPacks pins while a compaction is under way: what has moved stays
// where it was too, until a later one.
func TestPinKeepsPacks(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{MaxPack: 4000})
	defer s.Close()
	for i := range 40 {
		put(t, s, body(uint64(i), 800))
	}
	before := s.Packs()
	dead := func(Record) bool { return false }
	release := s.Pin()
	if err := s.Compact(t.Context(), 0.9, dead, nil); err != nil || len(s.Packs()) != len(before) {
		t.Errorf("%d packs of %d are left while pinned, %v", len(s.Packs()), len(before), err)
	}
	release()
	release()

	alive := true
	var late func()
	err := s.Compact(t.Context(), 1.1, func(Record) bool { return alive }, func(context.Context, []Move) error {
		if late == nil {
			late = s.Pin() // the pack at hand has moved, and must stay
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range before {
		if err := s.ReadPack(p.Number, make([]byte, p.Size), 0); err != nil {
			t.Errorf("pack %d: %v", p.Number, err)
		}
	}
	late()
	alive = false
	if err := s.Compact(t.Context(), 0.9, dead, nil); err != nil || len(s.Packs()) != 1 {
		t.Errorf("%d packs are left, %v", len(s.Packs()), err)
	}
}

// length is how many writes wait, the one that leads among them.
func (l *line) length() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.waiting)
}
