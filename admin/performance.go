package admin

import (
	"net/http"
	"time"

	"letterbox/chart"
	"letterbox/telemetry"
	"letterbox/watch"
)

// A latencyRow is how long something took within the time that is shown.
type latencyRow struct {
	Name   string // of telemetry.LatencyNames
	Times  int64
	Median time.Duration
	Slow   time.Duration // 95 of 100 are quicker
}

type performanceView struct {
	Spans  spans
	Access []latencyRow
	Sync   []latencyRow
	Charts []chartView
	Slow   []telemetry.Slow
}

// performance says how long people and their devices wait.
func (v *visit) performance() error {
	view := performanceView{Spans: v.spans("/performance"), Slow: v.Telemetry.SlowCommands()}
	if v.Watch != nil {
		if err := v.latencies(&view); err != nil {
			return err
		}
	}
	return v.show(http.StatusOK, performancePage(v.page("overview", v.Say("performance.title")), view))
}

func (v *visit) latencies(view *performanceView) error {
	access, sync := &chart.Chart{Value: v.milliseconds}, &chart.Chart{Value: v.milliseconds}
	for i, name := range telemetry.LatencyNames {
		list, err := v.Watch.History.Spreads(v.context(), watch.Latency+name, view.Spans.span)
		if err != nil {
			return err
		}
		row := latencyRow{Name: name}
		l := chart.Line{Name: v.Say("performance.of." + name), Colour: i}
		var all telemetry.Counts
		for _, p := range list {
			all.Add(&p.Counts)
			l.Points = append(l.Points, chart.Point{At: p.At, Value: float64(p.Counts.Quantile(.95).Milliseconds())})
		}
		row.Times, row.Median, row.Slow = all.Total(), all.Quantile(.5), all.Quantile(.95)
		switch {
		case row.Times == 0:
		case i < telemetry.OfPoll:
			view.Access, access.Lines = append(view.Access, row), append(access.Lines, l)
		default:
			view.Sync = append(view.Sync, row)
			if i != telemetry.OfPoll { // that is as long as the client waits, and would flatten the others
				sync.Lines = append(sync.Lines, l)
			}
		}
	}
	view.Charts = []chartView{
		v.view("chart.access", view.Spans.span, access),
		v.view("chart.sync", view.Spans.span, sync),
	}
	return nil
}

func (v *visit) milliseconds(f float64) string {
	return v.Decimal(f, 0) + "\u00a0ms"
}
