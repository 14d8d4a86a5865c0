package admin

import (
	"net/http"
	"time"

	"letterbox/watch"
)

// encryptionView is how connections are protected.
type encryptionView struct {
	Spans        spans
	Charts       []chartView
	Certificates []certificateRow
}

type certificateRow struct {
	Name  string
	Kind  string
	Until time.Time
	Days  int
	State string
	Why   string
}

// encryption says who could listen.
func (v *visit) encryption() error {
	view := encryptionView{Spans: v.spans("/encryption"), Certificates: v.certificateRows()}
	if v.Watch != nil {
		versions, err := v.countChart("chart.tls", view.Spans.span,
			line{watch.TLS13, "chart.tls13", 1}, line{watch.TLS12, "chart.tls12", 2}, line{watch.Plain, "chart.plain", 5})
		if err != nil {
			return err
		}
		exposed, err := v.countChart("chart.exposed", view.Spans.span, line{watch.Exposed, "chart.attempts", 5})
		if err != nil {
			return err
		}
		view.Charts = []chartView{versions, exposed}
	}
	return v.show(http.StatusOK, encryptionPage(v.page("overview", v.Say("encryption.title")), view))
}

// certificateRows are the certificates that are shown to others.
func (v *visit) certificateRows() (rows []certificateRow) {
	if v.Certificates == nil {
		return nil
	}
	for _, s := range v.Certificates.Status() {
		row := certificateRow{Name: s.Name, Kind: v.Say("encryption.kind." + s.Kind), Until: s.NotAfter, State: "good", Why: s.Reason}
		row.Days = max(0, int(s.NotAfter.Sub(v.now).Hours()/24))
		switch {
		case s.Kind == "own" || row.Days < 7:
			row.State = "bad"
		case row.Days < 20:
			row.State = "warn"
		}
		rows = append(rows, row)
	}
	return rows
}
