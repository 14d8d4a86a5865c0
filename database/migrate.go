package database

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema up to date: each file of migrations/ in the order
// of its number, in a transaction of its own with PRAGMA user_version.
func migrate(ctx context.Context, c *conn) error {
	files, err := fs.Glob(migrations, "migrations/*.sql") // sorted
	if err != nil {
		return err
	}
	var version int
	if err := c.queryRow(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return explain("read its version", err)
	}
	if version > len(files) {
		return fmt.Errorf("the data was written by a newer Letterbox (schema %d, this one knows %d); start that version, or restore a snapshot taken before the upgrade", version, len(files))
	}
	for n := version; n < len(files); n++ {
		text, err := migrations.ReadFile(files[n])
		if err != nil {
			return err
		}
		if err := apply(ctx, c, n+1, string(text)); err != nil {
			return fmt.Errorf("migrate to schema %d: %w", n+1, err)
		}
	}
	return nil
}

func apply(ctx context.Context, c *conn, version int, text string) error {
	for _, statement := range []string{"BEGIN IMMEDIATE", text, fmt.Sprintf("PRAGMA user_version = %d", version), "COMMIT"} {
		if _, err := c.conn.ExecContext(ctx, statement); err != nil {
			_, _ = c.conn.ExecContext(ctx, "ROLLBACK")
			return explainKeep(err)
		}
	}
	return nil
}
