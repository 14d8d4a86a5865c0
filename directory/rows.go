package directory

import (
	"database/sql"
	"time"
)

// A scanner is one row, alone or among others.
type scanner interface{ Scan(into ...any) error }

// collect scans every row and closes them.
func collect[T any](rows *sql.Rows, scan func(scanner) (T, error)) ([]T, error) {
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// mustChange turns a statement that changed no row into the error that says so.
func mustChange(result sql.Result, err error) func(none error) error {
	return func(none error) error {
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		if err == nil && n == 0 {
			return none
		}
		return err
	}
}

// seconds is now as the database keeps it.
func (d *Directory) seconds() time.Time { return time.Unix(d.now().Unix(), 0) }
