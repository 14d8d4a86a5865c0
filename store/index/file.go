package index

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"sync"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// version is that of the schema and of the way texts are made and folded: an
// index of another version is built anew.
const version = 2

// Of each message there are two documents in the trigram index, so that a search
// of bodies does not find headers: 2*id is the header, 2*id+1 the body.
//
// The texts lie beside it, compressed: candidates are verified without opening
// the mail again, taking it apart and unpacking its attachments. The table of
// ids is apart from the texts so that listing them reads few pages.
const schema = `
CREATE TABLE origin (name TEXT NOT NULL) STRICT;
CREATE TABLE doc (id INTEGER PRIMARY KEY) STRICT;
CREATE TABLE text (id INTEGER PRIMARY KEY, header INTEGER NOT NULL, packed BLOB NOT NULL) STRICT;
CREATE TABLE position (mailbox INTEGER PRIMARY KEY, uid INTEGER NOT NULL) STRICT;
CREATE VIRTUAL TABLE trigram USING fts5 (
	text, content = '', contentless_delete = 1, detail = none, tokenize = 'trigram case_sensitive 1');
`

// Index is the index of one account.
type Index struct {
	account int64
	db      *sql.DB
	writing sync.Mutex // one at a time adds or removes

	// Guarded by the Set.
	users   int
	used    time.Time
	dropped bool

	mu     sync.RWMutex
	ids    []int64 // of the messages that it holds, ascending
	origin string  // see Origin
}

// connections is how many searches of an account go on at once; more wait.
const connections = 3

// open opens a file or makes a new one.
func open(ctx context.Context, path string) (*Index, error) {
	if err := create(path); err != nil {
		return nil, err
	}
	_, err := os.Stat(path + "-wal")
	unclean := err == nil
	q := url.Values{"_pragma": {
		"busy_timeout(10000)",
		"cache_size(-1000)", // SQLite in Go takes about twice its setting
		"journal_mode(WAL)",
		"journal_size_limit(4194304)",
		"synchronous(NORMAL)", // what a crash takes away is indexed again
		"temp_store(MEMORY)",
	}}
	db, err := sql.Open("sqlite", "file:"+url.PathEscape(path)+"?"+q.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(1)
	x := &Index{db: db, used: time.Now()}
	if err := x.prepare(ctx, unclean); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return x, nil
}

// create makes the file private.
func create(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}

var (
	errVersion = errors.New("it is of another version")
	errBroken  = errors.New("it is broken")
)

// prepare makes or checks the schema and learns what the index holds. After a
// crash every page is looked at.
func (x *Index) prepare(ctx context.Context, unclean bool) error {
	var found, tables int
	err := x.db.QueryRowContext(ctx, `SELECT user_version, (SELECT count(*) FROM sqlite_schema) FROM pragma_user_version`).Scan(&found, &tables)
	switch {
	case err != nil:
		return err
	case tables == 0:
		_, err := x.db.ExecContext(ctx, "BEGIN;"+schema+fmt.Sprintf("PRAGMA user_version = %d; COMMIT", version))
		return err
	case found != version:
		return errVersion
	}
	if unclean {
		var verdict string
		if err := x.db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&verdict); err != nil || verdict != "ok" {
			return errors.Join(errBroken, err)
		}
	}
	x.ids, err = x.numbers(ctx, `SELECT id FROM doc ORDER BY id`)
	if err == nil {
		err = x.db.QueryRowContext(ctx, `SELECT coalesce(max(name), '') FROM origin`).Scan(&x.origin)
	}
	if err != nil && ctx.Err() == nil {
		return errors.Join(errBroken, err)
	}
	return err
}

// numbers runs a query that yields some.
func (x *Index) numbers(ctx context.Context, query string, args ...any) ([]int64, error) {
	rows, err := x.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []int64
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	return all, rows.Err()
}

func (x *Index) close() error { return x.db.Close() }

// isDamage reports whether an error means that the file is of no use.
func isDamage(err error) bool {
	if errors.Is(err, errVersion) || errors.Is(err, errBroken) || errors.Is(err, errUnpack) || errors.Is(err, ErrForeign) {
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

// Len is the number of messages that the index holds.
func (x *Index) Len() int { return len(x.IDs()) }

// IDs are the messages that the index holds, ascending; not to be written.
func (x *Index) IDs() []int64 {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.ids[:len(x.ids):len(x.ids)]
}

// Origin is the name of what the messages' ids are from, as Add was told it; ""
// while nothing was added.
func (x *Index) Origin() string {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.origin
}

// Has reports whether the index holds a message.
func (x *Index) Has(id int64) bool {
	_, found := slices.BinarySearch(x.IDs(), id)
	return found
}
