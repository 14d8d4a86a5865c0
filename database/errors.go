package database

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

var (
	// ErrFull says that the disk is full. What was committed before is safe, and
	// writing works again as soon as there is room.
	ErrFull = errors.New("disk is full")

	// ErrDamaged says that the file is no database any more, or a broken one.
	ErrDamaged = errors.New("database is damaged")

	// ErrNewer says that a later version of this program wrote the database.
	ErrNewer = errors.New("database is newer than this program")

	// ErrClosed is the error of Read and Write after Close.
	ErrClosed = errors.New("database is closed")
)

// code returns SQLite's primary result code in err, 0 when there is none.
func code(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}

// explain adds what the caller may ask for, ErrFull or ErrDamaged, to an error
// of SQLite.
func explain(err error) error {
	switch code(err) {
	case sqlite3.SQLITE_FULL:
		if !errors.Is(err, ErrFull) {
			return fmt.Errorf("%w: %w", ErrFull, err)
		}
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		if !errors.Is(err, ErrDamaged) {
			return damaged(err)
		}
	}
	return err
}

// damaged wraps what was found with the way out.
func damaged(found error) error {
	return fmt.Errorf("%w (restore a snapshot, or run `letterbox rescue`, which rebuilds it from the message packs): %w", ErrDamaged, found)
}

// ruins reports whether SQLite may have rolled back the whole transaction, not
// only the statement, when it returned err.
func ruins(err error) bool {
	switch code(err) {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM,
		sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_INTERRUPT:
		return true
	}
	return false
}

// distrust reports whether the connection that returned err is to be closed: what
// its cache and the kernel's hold may differ from what the disk holds.
func distrust(err error) bool {
	switch code(err) {
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM:
		return true
	}
	return false
}
