package database

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// A migration brings the schema from the version below to its own.
type migration struct {
	version int
	name    string
	sql     string
}

// migrations returns all that this program knows, in order. Their numbers run
// from 1 without gaps.
func migrations() ([]migration, error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	var all []migration
	for _, name := range names {
		number, _, _ := strings.Cut(strings.TrimPrefix(name, "migrations/"), "_")
		version, err := strconv.Atoi(number)
		if err != nil {
			return nil, fmt.Errorf("migration %s has no number: %w", name, err)
		}
		text, err := migrationFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		all = append(all, migration{version, name, string(text)})
	}
	slices.SortFunc(all, func(a, b migration) int { return cmp.Compare(a.version, b.version) })
	for i, m := range all {
		if m.version != i+1 {
			return nil, fmt.Errorf("migration %s stands at place %d", m.name, i+1)
		}
	}
	return all, nil
}

// migrate runs what the file lacks, each in one transaction with its version
// number, so that a crash leaves one version or the next.
func migrate(ctx context.Context, c *connection, all []migration) error {
	version, err := userVersion(ctx, c)
	if err != nil {
		return err
	}
	if version > len(all) {
		return fmt.Errorf("%w: its version is %d, this program knows up to %d; install the newer letterbox again, or restore a snapshot from before the update",
			ErrNewer, version, len(all))
	}
	for _, m := range all[version:] {
		if err := m.run(ctx, c); err != nil {
			return fmt.Errorf("migration %s: %w", m.name, err)
		}
	}
	return nil
}

func (m migration) run(ctx context.Context, c *connection) error {
	if _, err := c.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	_, err := c.conn.ExecContext(ctx, m.sql)
	if err == nil {
		_, err = c.conn.ExecContext(ctx, "PRAGMA user_version = "+strconv.Itoa(m.version))
	}
	if err == nil {
		_, err = c.conn.ExecContext(ctx, "COMMIT")
	}
	if err != nil {
		_, undo := c.conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		return errors.Join(err, undo)
	}
	return nil
}

func userVersion(ctx context.Context, c *connection) (int, error) {
	var version int
	err := c.conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version)
	return version, err
}
