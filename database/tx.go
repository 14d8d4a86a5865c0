package database

import (
	"context"
	"database/sql"
)

// Tx is the writing transaction as one job sees it. It is valid only within the
// function it was given to, on the writer's goroutine.
type Tx struct {
	conn  *connection
	rows  []*sql.Rows
	after []func()
	fatal error // the transaction is lost, even if the job thinks otherwise
}

// Exec, Query and QueryRow run prepared statements, cached by their text. Rows
// that are still open when the job returns are closed then; a Row must be
// scanned.
func (tx *Tx) Exec(query string, args ...any) (sql.Result, error) {
	if tx.fatal != nil {
		return nil, tx.fatal
	}
	result, err := tx.conn.exec(query, args...)
	return result, tx.note(err)
}

func (tx *Tx) Query(query string, args ...any) (*sql.Rows, error) {
	if tx.fatal != nil {
		return nil, tx.fatal
	}
	rows, err := tx.conn.query(context.Background(), query, args)
	if err != nil {
		return nil, tx.note(err)
	}
	tx.rows = append(tx.rows, rows)
	return rows, nil
}

func (tx *Tx) QueryRow(query string, args ...any) *sql.Row {
	return tx.conn.queryRow(context.Background(), query, args)
}

// AfterCommit registers fn to run on the writer's goroutine after the commit is
// durable and before Write returns, in commit order: for views and wake-ups.
// It must be quick and must not call Write. It does not run when the job fails.
func (tx *Tx) AfterCommit(fn func()) { tx.after = append(tx.after, fn) }

// note remembers an error after which SQLite may have left the transaction. A
// job that overlooks it would go on outside of any transaction.
func (tx *Tx) note(err error) error {
	if err == nil {
		return nil
	}
	err = explain(err)
	if ruins(err) {
		tx.fatal = err
	}
	return err
}

// finish closes what the job left open: open rows would keep the connection in
// its old snapshot.
func (tx *Tx) finish() {
	for _, r := range tx.rows {
		r.Close()
	}
	tx.rows = nil
}
