package command

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"letterbox/quota"
)

// listFlags are those of every command that lists something.
type listFlags struct {
	JSON bool `help:"Print JSON, for programs."`
}

// A table is a list on its way to the user.
type table struct {
	header []string
	rows   [][]string
	empty  string // what is said when there are no rows
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// print writes records as JSON when that is asked for, else the table.
func (f listFlags) print(w io.Writer, records any, t *table) error {
	if f.JSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(records)
	}
	if len(t.rows) == 0 {
		_, err := fmt.Fprintln(w, t.empty)
		return err
	}
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(columns, strings.Join(t.header, "\t"))
	for _, row := range t.rows {
		fmt.Fprintln(columns, strings.Join(row, "\t"))
	}
	return columns.Flush()
}

// size writes a number of bytes for people.
func size(n int64) string { return quota.Bytes(n) }

// moment writes a time for people; a dash for none.
func moment(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04")
}

// plural is "1 message", "2 messages".
func plural[N int | int64 | uint32](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if stem, ok := strings.CutSuffix(noun, "y"); ok && !strings.HasSuffix(stem, "a") {
		return fmt.Sprintf("%d %sies", n, stem)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// stamp writes a time for programs.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
