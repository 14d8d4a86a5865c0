package chart

import (
	"fmt"
	"slices"
	"time"
)

// A column is the figures of all lines at one time.
type column struct {
	at     time.Time
	values []float64
	has    []bool
}

func (c column) sum() (sum float64) {
	for _, v := range c.values {
		sum += v
	}
	return sum
}

// columns are all times at which a line has a figure, the oldest first.
func (c *Chart) columns() []column {
	by := map[int64]*column{}
	for i, l := range c.Lines {
		for _, p := range l.Points {
			at := p.At.Unix()
			if by[at] == nil {
				by[at] = &column{at: p.At, values: make([]float64, len(c.Lines)), has: make([]bool, len(c.Lines))}
			}
			by[at].values[i], by[at].has[i] = p.Value, true
		}
	}
	list := make([]column, 0, len(by))
	for _, col := range by {
		list = append(list, *col)
	}
	slices.SortFunc(list, func(a, b column) int { return a.at.Compare(b.at) })
	return list
}

// bars draws each column as a stack.
func (d *drawing) bars() {
	columns := d.columns()
	if len(columns) == 0 {
		return
	}
	wide := float64(plot) / float64(max(d.slots(), 1)) * 0.75
	for i, l := range d.Lines {
		fmt.Fprintf(d, `<path class="bars %s" d="`, Colour(l.Colour))
		for _, col := range columns {
			if col.values[i] <= 0 {
				continue
			}
			below := 0.0
			for _, v := range col.values[:i] {
				below += v
			}
			x, y, high := d.x(col.at)*(plot-wide)/plot, d.y(below+col.values[i]), d.y(below)-d.y(below+col.values[i])
			fmt.Fprintf(d, "M%s %sh%sv%sh-%sz", number(x), number(y), number(wide), number(high), number(wide))
		}
		d.WriteString(`"/>`)
	}
}

// slots is how many columns fit into the time, by the usual distance of two.
func (d *drawing) slots() int {
	columns := d.columns()
	var gaps []time.Duration
	for i := 1; i < len(columns); i++ {
		gaps = append(gaps, columns[i].at.Sub(columns[i-1].at))
	}
	if len(gaps) == 0 {
		return len(columns)
	}
	slices.Sort(gaps)
	return int(d.To.Sub(d.From)/max(gaps[len(gaps)/2], time.Minute)) + 1
}

// A Row is a line of the table beneath a chart.
type Row struct {
	At     time.Time
	Values []string // "" where there is no figure
}

// Rows are the figures as a table, the newest first, at most so many of them.
func (c *Chart) Rows(most int) []Row {
	columns := c.columns()
	every := max(1, (len(columns)+most-1)/most)
	var rows []Row
	for i := len(columns) - 1; i >= 0; i -= every {
		r := Row{At: columns[i].at, Values: make([]string, len(c.Lines))}
		for k := range c.Lines {
			if columns[i].has[k] {
				r.Values[k] = c.Value(columns[i].values[k])
			}
		}
		rows = append(rows, r)
	}
	return rows
}

// Empty reports whether there is nothing to draw.
func (c *Chart) Empty() bool {
	return !slices.ContainsFunc(c.Lines, func(l Line) bool { return len(l.Points) > 0 })
}
