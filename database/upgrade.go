package database

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Versions returns the version of the database at path, and the newest that this
// program knows. Nothing is changed.
func Versions(ctx context.Context, path string) (file, known int, err error) {
	all, err := migrations()
	if err != nil {
		return 0, 0, err
	}
	_ = strengthenLocks() // Open complains
	c, err := connect(ctx, readerDSN(path, Options{}))
	if err == nil {
		file, err = userVersion(ctx, c)
		err = errors.Join(err, c.close())
	}
	if err != nil {
		return 0, 0, fmt.Errorf("read the version of %s: %w", path, explain(err))
	}
	return file, len(all), nil
}

// Copy writes the database at from, with what is still in its WAL, to a new file,
// which is on the disk when it returns. The version stays what it is.
func Copy(ctx context.Context, from, to string) error {
	_ = strengthenLocks()
	c, err := connect(ctx, dsn(from, "", "busy_timeout(10000)")) // query_only forbids it
	if err == nil {
		_, err = c.conn.ExecContext(ctx, "VACUUM INTO ?", to)
		err = errors.Join(err, c.close())
	}
	if err == nil {
		err = flushFile(to)
	}
	if err != nil {
		return fmt.Errorf("copy %s to %s: %w", from, to, explain(err))
	}
	return nil
}

func flushFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(file.Chmod(0o600), file.Sync(), file.Close())
}

// Rehearse runs the migrations on the database at path, which is a copy, checks
// what comes of it and returns how it differs: tables and columns that came and
// went, and numbers of rows.
func Rehearse(ctx context.Context, path string) (differences []string, err error) {
	c, err := connect(ctx, writerDSN(path, Options{}))
	if err != nil {
		return nil, fmt.Errorf("rehearse on %s: %w", path, explain(err))
	}
	defer func() { err = errors.Join(err, c.close()) }()
	before, err := inventory(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("rehearse on %s: %w", path, explain(err))
	}
	if err := prepareFile(ctx, c, true); err != nil {
		return nil, fmt.Errorf("rehearse on %s: %w", path, explain(err))
	}
	if err := errors.Join(quickCheck(ctx, c), foreignKeys(ctx, c)); err != nil {
		return nil, fmt.Errorf("rehearse on %s: after the migrations: %w", path, err)
	}
	after, err := inventory(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("rehearse on %s: %w", path, explain(err))
	}
	return compare(before, after), nil
}

// A tally is what a table has.
type tally struct {
	rows    int64
	columns []string
}

// inventory counts all tables.
func inventory(ctx context.Context, c *connection) (map[string]tally, error) {
	rows, err := c.conn.QueryContext(ctx, `
		SELECT s.name, group_concat(i.name, ' ') FROM sqlite_schema AS s, pragma_table_info(s.name) AS i
		WHERE s.type = 'table' AND s.name NOT LIKE 'sqlite_%' GROUP BY s.name`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[string]tally{}
	for rows.Next() {
		var name, columns string
		if err := rows.Scan(&name, &columns); err != nil {
			return nil, err
		}
		all[name] = tally{columns: strings.Fields(columns)}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for name, t := range all {
		if err := c.conn.QueryRowContext(ctx, `SELECT count(*) FROM "`+name+`"`).Scan(&t.rows); err != nil {
			return nil, err
		}
		all[name] = t
	}
	return all, nil
}

func compare(before, after map[string]tally) (differences []string) {
	say := func(format string, args ...any) { differences = append(differences, fmt.Sprintf(format, args...)) }
	for name, was := range before {
		is, there := after[name]
		if !there {
			say("table %s went with %d rows", name, was.rows)
			continue
		}
		if is.rows != was.rows {
			say("table %s: %d rows became %d", name, was.rows, is.rows)
		}
		for _, column := range is.columns {
			if !slices.Contains(was.columns, column) {
				say("table %s: column %s is new", name, column)
			}
		}
		for _, column := range was.columns {
			if !slices.Contains(is.columns, column) {
				say("table %s: column %s went", name, column)
			}
		}
	}
	for name, is := range after {
		if _, there := before[name]; !there {
			say("table %s is new, with %d rows", name, is.rows)
		}
	}
	slices.Sort(differences)
	return differences
}

// foreignKeys fails when a row refers to one that is not there.
func foreignKeys(ctx context.Context, c *connection) error {
	var n int
	if err := c.conn.QueryRowContext(ctx, `SELECT count(*) FROM pragma_foreign_key_check`).Scan(&n); err != nil {
		return explain(err)
	}
	if n > 0 {
		return fmt.Errorf("%d rows refer to rows that are not there", n)
	}
	return nil
}
