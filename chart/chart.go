// Package chart draws figures over time as SVG, on the server: nothing has to run
// in the browser. Lines are labelled where they end, limits and forecasts are
// dashed and say what they are, and each point tells its figure when it is
// pointed at. Colours come from the page's style sheet (classes c0 to c7).
package chart

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Point is a figure at a time.
type Point struct {
	At    time.Time
	Value float64
}

// A Line is one figure over time.
type Line struct {
	Name   string
	Colour int // 0 to 7
	Points []Point
	Area   bool    // filled to the bottom
	Ahead  []Point // what is expected to come, dashed; nil: nothing is known
}

// A Limit is a dashed level, such as a quota.
type Limit struct {
	Name  string
	Value float64
}

// A Chart is drawn by SVG.
type Chart struct {
	Label    string // what it shows, for those who cannot see it
	From, To time.Time
	Lines    []Line
	Limits   []Limit
	Bars     bool // stacked bars instead of lines: for what is counted by the day

	Value func(float64) string   // figures in words
	Time  func(time.Time) string // times in words
}

// The canvas, in units of which a wide screen shows one by one.
const (
	width   = 760
	height  = 200
	top     = 12
	bottom  = 24  // for the times beneath
	labels  = 180 // for the names at the right
	plot    = width - labels
	floor   = height - bottom
	apart   = 20 // between two names
	maxDots = 160
	maxTips = 48
)

// SVG draws the chart.
func (c *Chart) SVG() string {
	d := &drawing{Chart: c, high: c.top()}
	fmt.Fprintf(d, `<svg viewBox="0 0 %d %d" role="img" aria-label="%s">`, width, height, html.EscapeString(c.Label))
	d.axes()
	if c.Bars {
		d.bars()
	} else {
		for i := range c.Lines {
			d.line(&c.Lines[i])
		}
	}
	d.limits()
	d.names()
	d.tips()
	d.WriteString("</svg>")
	return d.String()
}

// top is the figure at the upper edge: a round one above all.
func (c *Chart) top() float64 {
	high := 0.0
	if c.Bars {
		for _, column := range c.columns() {
			high = max(high, column.sum())
		}
		return roundUp(high)
	}
	for _, l := range c.Lines {
		for _, p := range slices.Concat(l.Points, l.Ahead) {
			high = max(high, p.Value)
		}
	}
	for _, l := range c.Limits {
		if l.Value < 3*high { // one that is far away would make a flat line of all
			high = max(high, l.Value)
		}
	}
	return roundUp(high * 1.05)
}

// roundUp is the next round figure: one to ten times a power of ten.
func roundUp(v float64) float64 {
	if v <= 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(v)))
	for _, step := range []float64{1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10} {
		if v <= step*unit*1.0001 {
			return step * unit
		}
	}
	return 10 * unit
}

// A drawing is a chart that is being written.
type drawing struct {
	*Chart
	strings.Builder
	high float64
}

func (d *drawing) x(t time.Time) float64 {
	long := d.To.Sub(d.From)
	if long <= 0 {
		return 0
	}
	share := float64(t.Sub(d.From)) / float64(long)
	return min(max(share, 0), 1) * plot
}

func (d *drawing) y(v float64) float64 {
	return floor - min(max(v/d.high, 0), 1)*(floor-top)
}

// number is short: a tenth of a unit is not seen.
func number(f float64) string { return strconv.FormatFloat(math.Round(f*10)/10, 'f', -1, 64) }

func (d *drawing) text(x, y float64, anchor, class, text string) {
	fmt.Fprintf(d, `<text x="%s" y="%s"`, number(x), number(y))
	if anchor != "" {
		fmt.Fprintf(d, ` text-anchor="%s"`, anchor)
	}
	if class != "" {
		fmt.Fprintf(d, ` class="%s"`, class)
	}
	fmt.Fprintf(d, ">%s</text>", html.EscapeString(text))
}

// axes are two rules with their figures, and the times at both ends.
func (d *drawing) axes() {
	for _, v := range []float64{0, d.high / 2, d.high} { // the bottom needs no figure
		y := number(d.y(v))
		fmt.Fprintf(d, `<path class="rule" d="M0 %sH%d"/>`, y, plot)
		if words := d.Value(v); v == d.high || words != d.Value(0) && words != d.Value(d.high) {
			d.text(0, d.y(v)-3, "", "", words)
		}
	}
	d.text(0, height-6, "", "", d.Time(d.From))
	d.text(plot, height-6, "end", "", d.Time(d.To))
}

// path is a line through points.
func (d *drawing) path(points []Point) string {
	var b strings.Builder
	for i, p := range points {
		b.WriteByte("ML"[min(i, 1)])
		b.WriteString(number(d.x(p.At)) + " " + number(d.y(p.Value)))
	}
	return b.String()
}

func (d *drawing) line(l *Line) {
	points := thin(l.Points, maxDots)
	if len(points) == 0 {
		return
	}
	fmt.Fprintf(d, `<g class="%s">`, Colour(l.Colour))
	line := d.path(points)
	if l.Area {
		fmt.Fprintf(d, `<path class="area" d="%sV%dH%sZ"/>`, line, floor, number(d.x(points[0].At)))
	}
	fmt.Fprintf(d, `<path class="series" d="%s"/>`, line)
	if len(points) == 1 {
		fmt.Fprintf(d, `<circle class="bars" cx="%s" cy="%s" r="2.5"/>`, number(d.x(points[0].At)), number(d.y(points[0].Value)))
	}
	if len(l.Ahead) > 0 {
		fmt.Fprintf(d, `<path class="series ahead" d="%s"/>`, d.path(append(points[len(points)-1:], l.Ahead...)))
	}
	d.WriteString("</g>")
}

// Colour is the class that the style sheet colours so.
func Colour(n int) string { return "c" + strconv.Itoa(n%8) }

// thin keeps so many points, the highest of each stretch.
func thin(points []Point, most int) []Point {
	if len(points) <= most {
		return points
	}
	kept := make([]Point, 0, most)
	for i := range most {
		from, to := i*len(points)/most, (i+1)*len(points)/most
		kept = append(kept, slices.MaxFunc(points[from:to], func(a, b Point) int {
			return int(math.Copysign(1, a.Value-b.Value))
		}))
	}
	return kept
}

func (d *drawing) limits() {
	for _, l := range d.Limits {
		if l.Value > d.high {
			continue
		}
		y := d.y(l.Value)
		fmt.Fprintf(d, `<path class="limit" d="M0 %sH%d"/>`, number(y), plot)
		d.text(plot-4, y-4, "end", "", l.Name)
	}
}

// names stand where the lines end, and not upon each other.
func (d *drawing) names() {
	type name struct {
		y      float64
		text   string
		colour int
	}
	var list []name
	for i, l := range d.Lines {
		if len(l.Points) == 0 {
			continue
		}
		last := l.Points[len(l.Points)-1]
		y, text := d.y(last.Value)+4, l.Name
		if d.Bars {
			y = top + float64(i+1)*apart
		} else {
			text += " " + d.Value(last.Value)
		}
		list = append(list, name{y, text, l.Colour})
	}
	slices.SortStableFunc(list, func(a, b name) int { return int(a.y - b.y) })
	for i := 1; i < len(list); i++ {
		list[i].y = max(list[i].y, list[i-1].y+apart)
	}
	if n := len(list); n > 0 && list[n-1].y > floor {
		for i, limit := n-1, float64(floor); i >= 0; i, limit = i-1, limit-apart {
			list[i].y = min(list[i].y, limit)
		}
	}
	for _, n := range list {
		fmt.Fprintf(d, `<g class="%s"><text x="%d" y="%s" class="name">%s</text></g>`, Colour(n.colour), plot+8, number(n.y), html.EscapeString(n.text))
	}
}

// tips are what a pointer finds: one for each stretch of the time, with the
// figures of all lines.
func (d *drawing) tips() {
	columns := d.columns()
	every := max(1, (len(columns)+maxTips-1)/maxTips)
	for i := 0; i < len(columns); i += every {
		column := columns[i]
		from, to := d.x(column.at), float64(plot)
		if i+every < len(columns) {
			to = d.x(columns[i+every].at)
		}
		if to <= from {
			continue
		}
		fmt.Fprintf(d, `<rect class="tip" x="%s" y="%d" width="%s" height="%d"><title>%s</title></rect>`,
			number(from), top, number(to-from), floor-top, html.EscapeString(d.told(column)))
	}
}

func (d *drawing) told(c column) string {
	words := []string{d.Time(c.at)}
	for i, l := range d.Lines {
		if c.has[i] {
			words = append(words, l.Name+" "+d.Value(c.values[i]))
		}
	}
	return strings.Join(words, "\n")
}
