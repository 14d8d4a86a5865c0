package admin

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"letterbox/chart"
	"letterbox/history"
	"letterbox/store"
	"letterbox/watch"
)

// storage shows what everybody keeps, and how one account grows.
func (v *visit) storage() error {
	people, err := v.everybody()
	if err != nil {
		return err
	}
	grown, err := v.Store.Growth(v.context(), v.now, outlookMonth)
	if err != nil {
		return err
	}
	l := v.listing("-kept", "address", "-grown")
	view := storageView{Spans: v.spans("/storage"), Account: v.r.URL.Query().Get("account")}
	if !v.r.URL.Query().Has("span") {
		view.Spans.span = history.SpanNamed("month") // mail does not grow in a day
	}
	if view.Outlook, err = v.diskOutlook(); err != nil {
		return err
	}
	var rows []growing
	for _, p := range people {
		if p.Address == view.Account {
			view.Limit = p.Full.Limit.Bytes
		}
		if l.Matches(p.Address, p.Name) {
			g, known := grown[store.AccountID(p.ID)]
			rows = append(rows, growing{person: p, Grown: g, Known: known})
		}
	}
	slices.SortStableFunc(rows, func(a, b growing) int { return l.order(a.compare(b, l.Sort)) })
	rows = cut(l, rows)
	for i := range rows {
		if rows[i].Outlook, err = v.outlook(store.AccountID(rows[i].ID), 0); err != nil {
			return err
		}
	}
	if v.Watch != nil {
		if view.Charts, err = v.storageCharts(view); err != nil {
			return err
		}
	}
	return v.show(http.StatusOK, storagePage(v.page("overview", v.Say("storage.title")), l, rows, view))
}

// A growing person is a row of what everybody keeps.
type growing struct {
	person
	Grown   int64 // in a month
	Known   bool  // that is
	Outlook outlook
}

func (g growing) compare(o growing, column string) int {
	if column == "grown" {
		return cmp.Compare(g.Grown, o.Grown)
	}
	return g.person.compare(o.person, column)
}

type storageView struct {
	Spans   spans
	Account string // whose chart it is; "": all
	Limit   int64
	Outlook outlook // of the disk
	Charts  []chartView
}

func (v *visit) storageCharts(view storageView) ([]chartView, error) {
	if view.Account != "" {
		c, err := v.storageChart(atLeastWeek(view.Spans.span), watch.Account+view.Account, view.Limit)
		c.Title = v.Say("storage.of", view.Account)
		return []chartView{c}, err
	}
	all, err := v.storageChart(view.Spans.span, watch.Storage, 0)
	if err != nil {
		return nil, err
	}
	disk := &chart.Chart{Value: func(f float64) string { return v.Size(int64(f)) }}
	for _, s := range []line{{watch.Disk, "chart.disk", 3}, {watch.Free, "chart.free", 1}} {
		list, err := v.Watch.History.Levels(v.context(), s.series, view.Spans.span)
		if err != nil {
			return nil, err
		}
		disk.Lines = append(disk.Lines, chart.Line{Name: v.Say(s.name), Colour: s.colour, Points: points(list)})
	}
	return []chartView{all, v.view("chart.disks", view.Spans.span, disk)}, nil
}

// atLeastWeek: what an account keeps is looked at by the hour.
func atLeastWeek(s history.Span) history.Span {
	if s.Long < 7*24*time.Hour {
		return history.SpanNamed("week")
	}
	return s
}
