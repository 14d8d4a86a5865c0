package database

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"strings"
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
		var log bytes.Buffer
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
		const complaint = "a writing transaction does not end"
		if n := strings.Count(log.String(), complaint); n != 3 { // after 5, 10 and 20 seconds
			t.Errorf("%d complaints: %s", n, &log)
		}
		if !strings.Contains(log.String(), "database.dawdle(") {
			t.Errorf("it is not named: %s", &log)
		}
	})
}

//go:noinline
func dawdle(d time.Duration) error {
	time.Sleep(d)
	return nil
}
