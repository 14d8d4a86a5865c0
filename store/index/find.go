package index

import (
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"
)

// Scope is which of a message's texts are meant.
type Scope uint8

const (
	Whole  Scope = iota // header or body
	Header              // the header alone
	Body                // all but the header
)

// shortest is the length in characters from which on a text can be looked up.
const shortest = 3

// maxTrigrams bounds the work on one long text; so many narrow it down enough.
const maxTrigrams = 60

// Candidates returns the messages that may contain a folded text: all that do,
// and some that only contain its parts. ok is false when the text is too short
// to be looked up.
func (x *Index) Candidates(ctx context.Context, text []byte, in Scope) (ids []int64, ok bool, err error) {
	match := matchExpression(text)
	if match == "" {
		return nil, false, nil
	}
	query := `SELECT rowid FROM trigram WHERE trigram MATCH ?`
	switch in {
	case Header:
		query += ` AND rowid % 2 = 0`
	case Body:
		query += ` AND rowid % 2 = 1`
	}
	docs, err := x.numbers(ctx, query, match)
	if err != nil {
		return nil, false, err
	}
	for i := range docs {
		docs[i] /= 2
	}
	return slices.Compact(docs), true, nil
}

// matchExpression asks for every trigram of a text; empty when it has none.
func matchExpression(text []byte) string {
	runes := []rune(string(text))
	var b strings.Builder
	seen := map[string]bool{}
	for i := 0; i+shortest <= len(runes) && len(seen) < maxTrigrams; i++ {
		trigram := string(runes[i : i+shortest])
		if seen[trigram] {
			continue
		}
		if seen[trigram] = true; len(seen) > 1 {
			b.WriteString(" AND ")
		}
		b.WriteByte('"')
		b.WriteString(strings.ReplaceAll(trigram, `"`, `""`))
		b.WriteByte('"')
	}
	return b.String()
}

// textBatch is how many texts one query reads.
const textBatch = 256

// Texts calls fn with the folded texts of those of the messages (ascending) that
// the index holds. They are valid within fn only. Nothing is locked while fn
// runs but a snapshot of the file.
func (x *Index) Texts(ctx context.Context, ids []int64, fn func(id int64, header, body []byte) error) error {
	var u unpacker
	for some := range slices.Chunk(ids, textBatch) {
		if err := x.texts(ctx, some, &u, fn); err != nil {
			return err
		}
	}
	return nil
}

func (x *Index) texts(ctx context.Context, ids []int64, u *unpacker, fn func(id int64, header, body []byte) error) error {
	list := []byte{'['}
	for i, id := range ids {
		if i > 0 {
			list = append(list, ',')
		}
		list = strconv.AppendInt(list, id, 10)
	}
	rows, err := x.db.QueryContext(ctx, `
		SELECT t.id, t.header, t.packed FROM json_each(?) AS j CROSS JOIN text AS t ON t.id = j.value`, string(append(list, ']')))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id, split int64
		var packed sql.RawBytes
		if err := rows.Scan(&id, &split, &packed); err != nil {
			return err
		}
		text, err := u.unpack(packed)
		if err != nil || split > int64(len(text)) {
			return errUnpack
		}
		if err := fn(id, text[:split], text[split:]); err != nil {
			return err
		}
	}
	return rows.Err()
}
