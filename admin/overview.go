package admin

import (
	"net/http"
	"time"

	"letterbox/finding"
	"letterbox/history"
	"letterbox/watch"
)

// An overviewView is what the first page shows.
type overviewView struct {
	State     string // "good", "warn" or "bad"
	Sentence  string
	Proof     string // when a restore was last proven
	Findings  []findingView
	Dismissed int
	Figures   []figure
	Behind    []string // devices that are gone and fall behind, in words
	Spans     spans
	Charts    []chartView
}

// A figure stands in a row with others. Live ones change while somebody looks.
type figure struct {
	Key   string // of its text, and in the stream of what is live
	Value string
	Sub   string
	Path  string // where there is more; "": nowhere
}

// overview says in one sentence whether everything works.
func (v *visit) overview() error {
	view, err := v.overviewView()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, overviewPage(v.page("overview", v.Say("overview.title")), view))
}

func (v *visit) overviewView() (view *overviewView, err error) {
	view = &overviewView{State: "good", Spans: v.spans("/overview")}
	found, dismissed, err := v.findings()
	if err != nil {
		return nil, err
	}
	view.Dismissed = dismissed
	for _, f := range found {
		view.Findings = append(view.Findings, v.findingView(f))
	}
	view.State, view.Sentence = v.sentence(found)
	view.Proof = v.proven()
	if view.Figures, err = v.figures(); err != nil {
		return nil, err
	}
	if view.Behind, err = v.stragglers(3); err != nil {
		return nil, err
	}
	if v.Watch != nil {
		view.Charts, err = v.overviewCharts(view.Spans.span)
	}
	return view, err
}

// findings are what is wrong now, and how many of them nobody wants to see.
func (v *visit) findings() ([]finding.Finding, int, error) {
	if v.Watch == nil {
		return nil, 0, nil
	}
	return v.Watch.Findings(v.context())
}

// sentence is the state of all.
func (v *visit) sentence(found []finding.Finding) (state, sentence string) {
	red := 0
	for _, f := range found {
		if f.Severity == finding.Red {
			red++
		}
	}
	switch {
	case red > 0:
		return "bad", v.Say("overview.red", red)
	case len(found) > 0:
		return "warn", v.Say("overview.amber", len(found))
	}
	return "good", v.Say("overview.fine")
}

// proven says when a snapshot was last restored to see that it works.
func (v *visit) proven() string {
	if v.Snapshots == nil {
		return ""
	}
	records, err := v.Snapshots.Records()
	if err != nil {
		v.Log.Warn("what is known of the snapshots cannot be read", "error", err)
		return ""
	}
	var last time.Time
	for _, r := range records {
		if _, at := r.Proven(); at.After(last) {
			last = at
		}
	}
	if last.IsZero() {
		return v.Say("overview.unproven")
	}
	return v.Say("overview.proven", v.Ago(last, v.now))
}

// figures are those of the moment.
func (v *visit) figures() ([]figure, error) {
	holdings, err := v.Store.Holdings(v.context())
	if err != nil {
		return nil, err
	}
	var bytes, messages int64
	for _, h := range holdings {
		bytes, messages = bytes+h.Bytes, messages+h.Messages
	}
	users, err := v.Directory.Users(v.context())
	if err != nil {
		return nil, err
	}
	list := []figure{
		{Key: "people", Value: v.Number(int64(len(users))), Path: "/people"},
		{Key: "kept", Value: v.Size(bytes), Sub: v.Say("overview.messages", messages), Path: "/storage"},
		v.connected(),
	}
	if v.Queue != nil {
		waiting, err := v.Queue.Count(v.context())
		if err != nil {
			return nil, err
		}
		list = append(list, figure{Key: "waiting", Value: v.Number(waiting)})
	}
	if days, ok := v.certificateDays(); ok {
		list = append(list, figure{Key: "certificate", Value: v.Say("span.days", days), Path: "/encryption"})
	}
	return list, nil
}

// connected counts people's connections.
func (v *visit) connected() figure {
	n, devices := int64(0), map[string]bool{}
	for _, g := range v.Telemetry.Sessions() {
		if g.Who.Account != 0 {
			n++
			devices[g.Who.DeviceKey] = true
		}
	}
	return figure{Key: "connected", Value: v.Number(n), Sub: v.Say("overview.devices", len(devices)), Path: "/sessions"}
}

// certificateDays is for how many days the certificate that ends first still
// holds.
func (v *visit) certificateDays() (days int, ok bool) {
	if v.Certificates == nil {
		return 0, false
	}
	for _, s := range v.Certificates.Status() {
		if s.NotAfter.IsZero() {
			continue
		}
		if left := int(s.NotAfter.Sub(v.now).Hours() / 24); !ok || left < days {
			days, ok = left, true
		}
	}
	return days, ok
}

// overviewCharts are storage, mail by the day, and connections.
func (v *visit) overviewCharts(s history.Span) ([]chartView, error) {
	storage, err := v.storageChart(s, watch.Storage, 0)
	if err != nil {
		return nil, err
	}
	mail, err := v.mailChart(s)
	if err != nil {
		return nil, err
	}
	sessions, err := v.levelChart("chart.sessions", s, line{watch.Sessions, "chart.connections", 0})
	if err != nil {
		return nil, err
	}
	queue, err := v.levelChart("chart.queue", s, line{watch.Queue, "chart.waiting", 2})
	return []chartView{storage, mail, sessions, queue}, err
}
