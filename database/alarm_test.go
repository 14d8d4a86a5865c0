package database

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestAlarm: the log names a job that holds everybody, at growing intervals, and
// no other.
func TestAlarm(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	synctest.Test(t, func(t *testing.T) {
		var log journal
		db, err := Open(t.Context(), path, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		for _, took := range []time.Duration{tooLong - time.Second, 7 * tooLong, time.Second} {
			if err := db.Write(t.Context(), func(*Tx) error { return dawdle(took) }); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Hour)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		said := log.read()
		const complaint = "a writing transaction does not end"
		if n := strings.Count(said, complaint); n != 3 { // after 5, 10 and 20 seconds
			t.Errorf("%d complaints: %s", n, said)
		}
		if !strings.Contains(said, "database.dawdle(") {
			t.Errorf("it is not named: %s", said)
		}
	})
}

// A journal is written to from one goroutine and read from another.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) read() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

//go:noinline
func dawdle(d time.Duration) error {
	time.Sleep(d)
	return nil
}
