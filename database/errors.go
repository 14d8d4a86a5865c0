package database

import (
	"errors"
	"fmt"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

var (
	// ErrFull says that the disk has no room for the change.
	ErrFull = errors.New("the disk is full; free some space and try again")
	// ErrClosed says that the database is being closed.
	ErrClosed = errors.New("database is closed")
	// ErrDamaged says that the file does not hold what was written.
	ErrDamaged = errors.New("the database is damaged; `letterbox rescue` rebuilds it from the message packs")
)

// code returns SQLite's primary result code, 0 for other errors.
func code(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}

func isIO(err error) bool { return code(err) == sqlite3.SQLITE_IOERR }

// explainKeep marks what SQLite said so that callers can tell; other errors are
// returned as they are.
func explainKeep(err error) error {
	switch {
	case err == nil, errors.Is(err, ErrFull), errors.Is(err, ErrDamaged):
		return err
	case code(err) == sqlite3.SQLITE_FULL, errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("%w (%w)", ErrFull, err)
	case code(err) == sqlite3.SQLITE_CORRUPT, code(err) == sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("%w (%w)", ErrDamaged, err)
	}
	return err
}

func explain(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("database: %s: %w", what, explainKeep(err))
}
