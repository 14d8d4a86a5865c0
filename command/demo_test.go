package command

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"letterbox/appliance"
	"letterbox/history"
	"letterbox/store"
	"letterbox/trace"
	"letterbox/watch"
)

// TestDemoHasAPast: there is something behind each page that the demo can show.
func TestDemoHasAPast(t *testing.T) {
	t.Parallel()
	c := appliance.Default()
	c.Data, c.TLS.Authority, c.Doctor, c.Queue.Send = filepath.Join(t.TempDir(), "data"), "", appliance.Doctor{}, false
	c.Listen = appliance.Listen{IMAPS: appliance.Addresses{"127.0.0.1:0"}}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	a, err := appliance.New(c, appliance.Options{Ready: func(ctx context.Context, d *appliance.Data) error {
		defer stop()
		people, err := settle(ctx, d)
		if err != nil {
			return err
		}
		found, err := lookAround(ctx, d, people)
		for what, there := range found {
			if !there {
				t.Errorf("the demo has no %s", what)
			}
		}
		return err
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Run(ctx); err != nil {
		t.Error(err)
	}
}

// lookAround says of each thing whether the demo has it.
func lookAround(ctx context.Context, d *appliance.Data, people []demoPerson) (found map[string]bool, err error) {
	found = map[string]bool{}
	try := func(what string, look func() (bool, error)) {
		if err == nil {
			found[what], err = look()
		}
	}
	anna, err := d.Directory.User(ctx, people[0].Address)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	try("keys", func() (bool, error) {
		keys, err := d.Directory.SigningKeys(ctx, demoDomain)
		return len(keys) > 0, err
	})
	try("reports", func() (bool, error) {
		s, err := d.Feedback.Summarize(ctx, demoDomain, now.AddDate(0, 0, -30), now)
		return err == nil && s.Reports == 2*reportDays && len(s.Sources) == 3 && len(s.Failures) == 1, err
	})
	for _, kind := range []trace.Kind{trace.Received, trace.Refused, trace.Delivered, trace.Queued, trace.Sent, trace.Failed} {
		try("message that is "+string(kind), func() (bool, error) {
			traces, err := d.Journal.Find(ctx, trace.Query{})
			for _, t := range traces {
				for _, e := range t.Events {
					if e.Kind == kind {
						return true, err
					}
				}
			}
			return false, err
		})
	}
	try("forecast", func() (bool, error) {
		f, known, err := d.Store.Forecast(ctx, store.AccountID(anna.ID), 0)
		return known && !f.Full.IsZero(), err
	})
	try("past of the disk", func() (bool, error) {
		points, err := d.Watch.History.Levels(ctx, watch.Disk, history.SpanNamed("month"))
		return len(points) > 20 && points[0].Value < points[len(points)-1].Value, err
	})
	try("disposable address that is off", func() (bool, error) {
		list, err := d.Directory.Disposables(ctx, anna.ID)
		return len(list) == 2 && !list[0].Off && list[1].Off, err
	})
	try("vacation", func() (bool, error) {
		ben, err := d.Directory.User(ctx, people[1].Address)
		if err != nil {
			return false, err
		}
		v, err := d.Directory.Vacation(ctx, ben.ID)
		return v.Applies(now), err
	})
	try("mail that waits", func() (bool, error) {
		n, err := d.Queue.Count(ctx)
		return n == 1, err
	})
	return found, err
}
