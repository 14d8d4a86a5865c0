package appliance

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/store"
)

func TestNextUpkeep(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("", 2*3600)
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 11, day, hour, minute, 0, 0, zone) }
	for _, test := range []struct{ now, last, want time.Time }{
		{at(24, 2, 59), at(23, 3, 0), at(24, 3, 0)},
		{at(24, 3, 0), at(24, 3, 0), at(25, 3, 0)},
		{at(24, 22, 0), at(24, 3, 0), at(25, 3, 0)},
		{at(24, 8, 0), at(23, 3, 0), at(24, 8, 10)}, // was off at three
		{at(24, 8, 0), time.Unix(0, 0), at(24, 8, 10)},
		{at(30, 12, 0), at(30, 3, 0), time.Date(2026, 12, 1, 3, 0, 0, 0, zone)},
	} {
		if got := nextUpkeep(test.now, test.last); !got.Equal(test.want) {
			t.Errorf("now %v, last %v: %v, want %v", test.now, test.last, got, test.want)
		}
	}
}

// A lodging is a data folder with one user who has a few messages.
type lodging struct {
	*Data
	config Config
	said   *strings.Builder
	anna   store.AccountID
}

func newLodging(t *testing.T) *lodging {
	t.Helper()
	l := &lodging{config: Default(), said: new(strings.Builder)}
	l.config.Data = t.TempDir()
	l.open(t)
	t.Cleanup(func() { l.Data.Close() }) // of the last one opened
	_, err := l.Directory.AddDomain(t.Context(), "example.org")
	must(t, err)
	user, err := l.Directory.AddUser(t.Context(), "anna@example.org", "", "")
	must(t, err)
	l.anna = store.AccountID(user.ID)
	must(t, l.Store.EnsureAccount(t.Context(), l.anna))
	box, err := l.Store.Mailbox(t.Context(), l.anna, "INBOX")
	must(t, err)
	for i := range 20 {
		raw := fmt.Appendf(nil, "Subject: secret %d\r\n\r\n%s\r\n", i, strings.Repeat("text ", 1000+i))
		_, err := l.Store.Append(t.Context(), store.Batch{Messages: []store.NewMessage{{Mailbox: box.ID, Raw: raw}}})
		must(t, err)
	}
	return l
}

func (l *lodging) open(t *testing.T) {
	t.Helper()
	var err error
	l.Data, err = OpenData(t.Context(), l.config, slog.New(slog.NewTextHandler(l.said, nil)), false)
	must(t, err)
}

// night does one night's work and returns what was logged.
func (l *lodging) night(t *testing.T, now time.Time) string {
	t.Helper()
	l.said.Reset()
	l.tidy(t.Context(), now)
	return l.said.String()
}

var stepsOf = regexp.MustCompile(`msg=upkeep step=(\S+)`)

func steps(said string) (names []string) {
	for _, match := range stepsOf.FindAllStringSubmatch(said, -1) {
		names = append(names, match[1])
	}
	return names
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestUpkeep(t *testing.T) {
	t.Parallel()
	l := newLodging(t)
	nightly := []string{"check", "usage", "growth", "warnings", "leavers", "retention", "undelete", "junk", "reports", "sweep"}
	monthly := []string{"check", "references", "usage", "growth", "warnings", "leavers", "retention", "undelete", "junk", "reports", "sweep", "scrub"}
	now := time.Now()
	for _, test := range []struct {
		day  int
		want []string
	}{{0, monthly}, {1, nightly}, {27, nightly}, {28, monthly}, {29, nightly}} {
		said := l.night(t, now.AddDate(0, 0, test.day))
		if got := steps(said); !slices.Equal(got, test.want) || strings.Contains(said, "level=ERROR") {
			t.Errorf("day %d: %v, want %v: %s", test.day, got, test.want, said)
		}
	}
	if last := l.lastUpkeep(t.Context(), lastNight); last.Unix() != now.AddDate(0, 0, 29).Unix() {
		t.Errorf("the last night is noted as %v", last)
	}
}

// expunge removes the first message; with no grace its body may go at once.
func (l *lodging) expunge(t *testing.T) {
	t.Helper()
	box, err := l.Store.Mailbox(t.Context(), l.anna, "INBOX")
	must(t, err)
	one := imap.UIDSet{{Start: 1, Stop: 1}}
	_, err = l.Store.SetFlags(t.Context(), box.ID, one, store.FlagChange{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}})
	must(t, err)
	_, _, err = l.Store.Expunge(t.Context(), box.ID, one)
	must(t, err)
}

// scramble changes n bytes of a file at an offset from its end.
func scramble(t *testing.T, name string, fromEnd, n int) {
	t.Helper()
	data, err := os.ReadFile(name)
	must(t, err)
	for i := range n {
		data[len(data)-fromEnd+i] ^= 0x5a
	}
	must(t, os.WriteFile(name, data, 0o600))
}

// TestUpkeepFindsDamagedBodies: what is found is told with whose it was, and the
// rest of the work is done.
func TestUpkeepFindsDamagedBodies(t *testing.T) {
	t.Parallel()
	l := newLodging(t)
	packs, err := filepath.Glob(filepath.Join(l.config.Data, blobFolder, "*.pack"))
	must(t, err)
	scramble(t, packs[0], 10, 1)
	said := l.night(t, time.Now())
	for _, want := range []string{"a message body is damaged", "anna@example.org INBOX", "restore the message from a snapshot", "findings=1"} {
		if !strings.Contains(said, want) {
			t.Errorf("the log lacks %q: %s", want, said)
		}
	}
	if strings.Contains(said, "secret") {
		t.Errorf("the log tells what stands in a message: %s", said)
	}
	if !slices.Contains(steps(said), "scrub") {
		t.Errorf("only %v", steps(said))
	}
}

// TestUpkeepStopsAtADamagedDatabase: on its word nothing is cleared away.
func TestUpkeepStopsAtADamagedDatabase(t *testing.T) {
	t.Parallel()
	l := newLodging(t)
	l.expunge(t)
	must(t, l.Data.Close())
	l.open(t)
	scramble(t, filepath.Join(l.config.Data, databaseFile), 8*4096, 6*4096)
	said := l.night(t, time.Now())
	for _, want := range []string{"the database is damaged", "letterbox rescue", "nothing is cleared away"} {
		if !strings.Contains(said, want) {
			t.Errorf("the log lacks %q: %s", want, said)
		}
	}
	if got := steps(said); len(got) > 0 {
		t.Errorf("%v was done", got)
	}
}

// TestNobodyLooks: where the doctor is to be asked only, nothing waits for a time
// to look.
func TestNobodyLooks(t *testing.T) {
	t.Parallel()
	l := newLodging(t)
	l.Config.Doctor.Every = 0
	must(t, l.lookAfter(t.Context())) // and returns
}
