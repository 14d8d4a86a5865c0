package trace

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// version of the file. One of another version is replaced: a history of some
// weeks is not worth migrations.
const version = 1

// The id of an event is when it happened, in microseconds since 1970, or the next
// one that is free: rows lie in the order of time and need no index for it. The
// other indexes hold only rows in which there is something to find.
const schema = `
CREATE TABLE event (
	id         INTEGER PRIMARY KEY,
	trace      TEXT NOT NULL,
	kind       TEXT NOT NULL,
	account    INTEGER NOT NULL,
	sender     TEXT NOT NULL COLLATE NOCASE,
	recipient  TEXT NOT NULL COLLATE NOCASE,
	message_id TEXT NOT NULL,
	size       INTEGER NOT NULL,
	remote     TEXT NOT NULL,
	helo       TEXT NOT NULL,
	protocol   TEXT NOT NULL,
	host       TEXT NOT NULL,
	folder     TEXT NOT NULL,
	reply      TEXT NOT NULL,
	queue      INTEGER NOT NULL,
	notes      TEXT NOT NULL              -- JSON
) STRICT;
CREATE INDEX event_trace ON event (trace);
CREATE INDEX event_account ON event (account) WHERE account <> 0;
CREATE INDEX event_sender ON event (sender) WHERE sender <> '';
CREATE INDEX event_recipient ON event (recipient) WHERE recipient <> '';
CREATE INDEX event_message_id ON event (message_id) WHERE message_id <> '';
`

// openOrReplace opens the file; one that is of no use is put out of the way.
func openOrReplace(ctx context.Context, path string, log *slog.Logger) (*sql.DB, error) {
	db, err := openFile(ctx, path)
	if !isDamage(err) {
		return db, err
	}
	log.Warn("the message trace is of no use and begins anew", "file", path, "error", err)
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	return openFile(ctx, path)
}

func openFile(ctx context.Context, path string) (*sql.DB, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) // SQLite would open it with the umask's rights
	if err != nil {
		return nil, err
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	_, err = os.Stat(path + "-wal")
	unclean := err == nil
	q := url.Values{"_pragma": {
		"busy_timeout(10000)",
		"cache_size(-1000)", // SQLite in Go takes about twice its setting
		"journal_mode(WAL)",
		"journal_size_limit(4194304)",
		"synchronous(NORMAL)", // a crash may take the last second
		"temp_store(MEMORY)",
	}}
	db, err := sql.Open("sqlite", "file:"+url.PathEscape(path)+"?"+q.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(2) // the writer, and one who looks
	db.SetMaxIdleConns(1)
	if err := prepare(ctx, db, unclean); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

var errOther = errors.New("it is broken or of another version")

// prepare makes or checks the schema. After a crash every page is looked at.
func prepare(ctx context.Context, db *sql.DB, unclean bool) error {
	var found, tables int
	err := db.QueryRowContext(ctx, `SELECT user_version, (SELECT count(*) FROM sqlite_schema) FROM pragma_user_version`).Scan(&found, &tables)
	switch {
	case err != nil:
		return err
	case tables == 0:
		_, err := db.ExecContext(ctx, "BEGIN;"+schema+fmt.Sprintf("PRAGMA user_version = %d; COMMIT", version))
		return err
	case found != version:
		return errOther
	case unclean:
		var verdict string
		if err := db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&verdict); err != nil {
			return err
		} else if verdict != "ok" {
			return errOther
		}
	}
	return nil
}

// isDamage reports whether an error means that the file is of no use.
func isDamage(err error) bool {
	if errors.Is(err, errOther) {
		return true
	}
	var failed *sqlite.Error
	if !errors.As(err, &failed) {
		return false
	}
	switch failed.Code() & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT:
		return true
	}
	return false
}
