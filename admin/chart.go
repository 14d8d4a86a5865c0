package admin

import (
	"time"

	"letterbox/chart"
	"letterbox/history"
	"letterbox/watch"
)

// A chartView is a chart with its figures as a table beneath.
type chartView struct {
	ID    string
	Title string
	Note  string // what it says in words
	SVG   string // drawn by package chart, which escapes what is in it
	Heads []string
	Names []chartName
	Rows  []chart.Row
	exact bool // times of day matter
}

// A chartName tells lines apart where there is no room beside them.
type chartName struct {
	Colour string // a class
	Name   string
}

// tableRows is how many figures stand beneath a chart.
const tableRows = 24

// spans are the ranges of time that a page can show, by its address.
type spans struct {
	path string
	span history.Span
}

func (v *visit) spans(path string) spans {
	return spans{path, history.SpanNamed(v.r.URL.Query().Get("span"))}
}

// A line of a chart: a series, the key of its name, its colour.
type line struct {
	series, name string
	colour       int
}

// view draws a chart that ends now.
func (v *visit) view(key string, s history.Span, c *chart.Chart) chartView {
	c.Label, c.From = v.Say(key), v.now.Add(-s.Long)
	if c.To.IsZero() {
		c.To = v.now
	}
	if c.Value == nil {
		c.Value = func(f float64) string { return v.Decimal(f, 1) }
	}
	exact := s.Long <= 7*24*time.Hour
	c.Time = v.Date
	if exact {
		c.Time = v.Moment
	}
	view := chartView{ID: key, Title: c.Label, Rows: c.Rows(tableRows), exact: exact}
	for _, l := range c.Lines {
		view.Heads = append(view.Heads, l.Name)
		if len(l.Points) > 0 {
			view.Names = append(view.Names, chartName{chart.Colour(l.Colour), l.Name})
		}
	}
	if c.Empty() {
		view.Note = v.Say("chart.empty")
		return view
	}
	view.SVG = c.SVG()
	return view
}

// points turns figures into what is drawn.
func points(list []history.Point) []chart.Point {
	drawn := make([]chart.Point, len(list))
	for i, p := range list {
		drawn[i] = chart.Point{At: p.At, Value: float64(p.Value)}
	}
	return drawn
}

// levelChart shows how something was.
func (v *visit) levelChart(key string, s history.Span, lines ...line) (chartView, error) {
	c := &chart.Chart{}
	for _, l := range lines {
		list, err := v.Watch.History.Levels(v.context(), l.series, s)
		if err != nil {
			return chartView{}, err
		}
		c.Lines = append(c.Lines, chart.Line{Name: v.Say(l.name), Colour: l.colour, Points: points(list), Area: len(lines) == 1})
	}
	return v.view(key, s, c), nil
}

// mailChart counts mail.
func (v *visit) mailChart(s history.Span) (chartView, error) {
	return v.countChart("chart.mail", s,
		line{watch.In, "chart.in", 0}, line{watch.Out, "chart.out", 1}, line{watch.Junk, "chart.junk", 2}, line{watch.Refused, "chart.refused", 5})
}

// countChart shows as bars how often something happened.
func (v *visit) countChart(key string, s history.Span, lines ...line) (chartView, error) {
	s = s.Counted()
	c := &chart.Chart{Bars: true, Value: func(f float64) string { return v.Number(int64(f)) }}
	for _, l := range lines {
		list, err := v.Watch.History.Counts(v.context(), l.series, s)
		if err != nil {
			return chartView{}, err
		}
		c.Lines = append(c.Lines, chart.Line{Name: v.Say(l.name), Colour: l.colour, Points: points(list)})
	}
	return v.view(key, s, c), nil
}

// storageChart shows how what is kept grows, the limit, and when that is reached
// if it goes on like this.
func (v *visit) storageChart(s history.Span, series string, limit int64) (chartView, error) {
	list, err := v.Watch.History.Levels(v.context(), series, s)
	if err != nil {
		return chartView{}, err
	}
	l := chart.Line{Name: v.Say("chart.kept"), Points: points(list), Area: true}
	c := &chart.Chart{Value: func(f float64) string { return v.Size(int64(f)) }}
	note := ""
	if limit > 0 {
		c.Limits = []chart.Limit{{Name: v.Say("chart.limit", v.Size(limit)), Value: float64(limit)}}
	}
	if trend, ok := chart.TrendOf(l.Points); ok && s.Long >= 7*24*time.Hour {
		c.To = v.now.Add(s.Long / 4)
		l.Ahead = []chart.Point{{At: c.To, Value: max(trend.At(c.To), 0)}}
		note = v.Say("chart.ahead", v.Date(c.To), v.Size(int64(l.Ahead[0].Value)))
		if when, ok := trend.Reaches(float64(limit), v.now); ok && limit > 0 {
			note = v.Say("chart.reached", v.Size(limit), v.Date(when))
		}
	}
	c.Lines = []chart.Line{l}
	view := v.view("chart.storage", s, c)
	if note != "" {
		view.Note = note
	}
	return view, nil
}
