// Package history keeps what the appliance knows of itself over time, in
// telemetry.db: figures by minute, hour and day, sessions that have ended, how
// far each device is, and which findings nobody wants to see.
//
// Its last second may be lost (synchronous=NORMAL), and all of it: mail does not
// need it. Nothing here is on the way of mail: figures are written once a minute,
// and sessions go through a bounded channel; what does not fit is counted and
// dropped. Its size is bounded, see forget.
//
// Safe for concurrent use: SQLite's one writer at a time, and readers beside it.
package history

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // the driver

	"letterbox/telemetry"
)

// Options of Open.
type Options struct {
	Log *slog.Logger     // nil: discarded
	Now func() time.Time // nil: time.Now
}

// DB is the open history.
type DB struct {
	log *slog.Logger
	now func() time.Time
	sql *sql.DB

	writing sync.Mutex       // one transaction at a time, so that none waits within SQLite
	series  map[string]int64 // ids, by name; guarded by writing

	records chan telemetry.Record
	dropped atomic.Int64
	ended   chan struct{} // closed when the last record is written
}

// maxWaiting is how many ended sessions may wait to be written.
const maxWaiting = 1024

// Open opens or creates the file at path. One that is damaged, or newer than this
// program, is set aside: it is not worth an appliance that does not start.
func Open(ctx context.Context, path string, o Options) (*DB, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	h := &DB{log: o.Log, now: o.Now, series: map[string]int64{}, records: make(chan telemetry.Record, maxWaiting), ended: make(chan struct{})}
	err := h.open(ctx, path)
	if err != nil && ctx.Err() == nil {
		o.Log.Error("the history cannot be read, and begins anew", "error", err, "kept_as", path+".damaged")
		err = errors.Join(setAside(path), h.open(ctx, path))
	}
	if err != nil {
		return nil, fmt.Errorf("open history %s: %w", path, err)
	}
	go h.keepRecords()
	return h, nil
}

func setAside(path string) error {
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return os.Rename(path, path+".damaged")
}

func (h *DB) open(ctx context.Context, path string) (err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) // private, whatever the umask
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	pragmas := url.Values{"_pragma": {
		"busy_timeout(10000)", "cache_size(-1024)", "foreign_keys(1)", "journal_mode(WAL)", "synchronous(NORMAL)", "temp_store(MEMORY)",
	}, "_txlock": {"immediate"}}
	h.sql, err = sql.Open("sqlite", "file:"+url.PathEscape(path)+"?"+pragmas.Encode())
	if err != nil {
		return err
	}
	h.sql.SetMaxOpenConns(3)
	h.sql.SetConnMaxIdleTime(time.Minute)
	if err := h.migrate(ctx); err != nil {
		return errors.Join(err, h.sql.Close())
	}
	return nil
}

//go:embed migrations/*.sql
var migrations embed.FS

// migrate runs what the file lacks, in the order of the names.
func (h *DB) migrate(ctx context.Context) error {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	var version int
	if err := h.sql.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if version > len(names) {
		return fmt.Errorf("its version is %d, this program knows up to %d", version, len(names))
	}
	for i, name := range names[version:] {
		text, err := migrations.ReadFile(name)
		if err != nil {
			return err
		}
		err = h.write(ctx, func(tx *sql.Tx) error {
			if _, err := tx.Exec(string(text)); err != nil {
				return err
			}
			_, err := tx.Exec("PRAGMA user_version = " + strconv.Itoa(version+i+1))
			return err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// write runs fn in a transaction.
func (h *DB) write(ctx context.Context, fn func(*sql.Tx) error) error {
	h.writing.Lock()
	defer h.writing.Unlock()
	tx, err := h.sql.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := fn(tx); err != nil {
		clear(h.series)
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// Close writes what waits and closes. No session may end any more.
func (h *DB) Close() error {
	close(h.records)
	<-h.ended
	return h.sql.Close()
}

// Dropped counts the ended sessions that were not written, since too many waited.
func (h *DB) Dropped() int64 { return h.dropped.Load() }
