package chart

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"time"
)

var start = time.Date(2026, 3, 14, 0, 0, 0, 0, time.UTC)

func line(name string, n int, value func(int) float64) Line {
	l := Line{Name: name, Area: true}
	for i := range n {
		l.Points = append(l.Points, Point{start.Add(time.Duration(i) * time.Hour), value(i)})
	}
	return l
}

func draw(lines ...Line) *Chart {
	return &Chart{
		Label: "what <grows>", From: start, To: start.Add(240 * time.Hour), Lines: lines,
		Value: func(v float64) string { return fmt.Sprint(v) },
		Time:  func(t time.Time) string { return t.Format(time.DateTime) },
	}
}

// wellFormed fails when the SVG is no XML, as where a name was not escaped.
func wellFormed(t *testing.T, svg string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v in %s", err, svg)
		}
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	c := draw(line(`<b>"one"`, 240, func(i int) float64 { return float64(i) }), line("other", 240, func(i int) float64 { return float64(i) + 1 }))
	c.Limits = []Limit{{"quota", 300}}
	c.Lines[0].Ahead = []Point{{c.To, 400}}
	svg := c.SVG()
	wellFormed(t, svg)
	if n := strings.Count(svg, "<title>"); n == 0 || n > maxTips {
		t.Errorf("%d figures to point at", n)
	}
	for _, want := range []string{"&lt;b&gt;", "quota", "other 240", `class="limit"`, `class="series ahead"`, "what &lt;grows&gt;"} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s", want)
		}
	}
	if len(svg) > 20_000 {
		t.Errorf("%d bytes", len(svg))
	}
	rows := c.Rows(10)
	if len(rows) > 10 || rows[0].Values[1] != "240" {
		t.Errorf("%v", rows)
	}
}

// Names of lines that end at the same figure stand apart from each other.
func TestNamesStandApart(t *testing.T) {
	t.Parallel()
	var lines []Line
	for i := range 6 {
		lines = append(lines, line(fmt.Sprint("line", i), 5, func(int) float64 { return 1 }))
	}
	svg := draw(lines...).SVG()
	seen := map[string]bool{}
	for part := range strings.SplitSeq(svg, `<text x="588" y="`) {
		y, _, _ := strings.Cut(part, `"`)
		if strings.Contains(part, `class="name"`) && seen[y] {
			t.Errorf("two names at %s", y)
		}
		seen[y] = true
	}
	if len(seen) != 7 {
		t.Errorf("%d names", len(seen)-1)
	}
}

func TestBars(t *testing.T) {
	t.Parallel()
	c := draw(line("in", 10, func(i int) float64 { return 3 }), line("junk", 10, func(i int) float64 { return 2 }))
	c.Bars = true
	wellFormed(t, c.SVG())
	if c.top() != 5 {
		t.Errorf("the top of 3 and 2 is %v", c.top())
	}
}

func TestEmpty(t *testing.T) {
	t.Parallel()
	c := draw()
	wellFormed(t, c.SVG())
	if !c.Empty() || len(c.Rows(5)) != 0 {
		t.Error("there is something in nothing")
	}
}

func TestTrend(t *testing.T) {
	t.Parallel()
	l := line("", 240, func(i int) float64 { return 100 + float64(i) })
	trend, ok := TrendOf(l.Points)
	if !ok || math.Round(trend.At(start.Add(480*time.Hour))) != 580 {
		t.Errorf("%v, %v", trend, ok)
	}
	now := start.Add(240 * time.Hour)
	if when, ok := trend.Reaches(580, now); !ok || when.Sub(start).Round(time.Hour) != 480*time.Hour {
		t.Errorf("reached %v, %v", when, ok)
	}
	if when, ok := trend.Reaches(100, now); !ok || !when.Equal(now) {
		t.Errorf("what is passed is reached now: %v, %v", when, ok)
	}
	flat, _ := TrendOf(line("", 240, func(int) float64 { return 1 }).Points)
	if _, ok := flat.Reaches(2, now); ok {
		t.Error("what does not grow reaches more")
	}
	if _, ok := TrendOf(l.Points[:30]); ok {
		t.Error("a day says where a year leads")
	}
}
