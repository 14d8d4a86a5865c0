// Package watch looks at the running appliance once a minute, writes what it sees
// into the history, and gathers what is wrong from everybody who finds something.
//
// It stands apart from the mail: when it is late or fails, figures are missing
// and nothing else.
package watch

import (
	"context"
	"log/slog"
	"time"

	"letterbox/finding"
	"letterbox/history"
	"letterbox/telemetry"
)

// Names of the series. Those of an account have its address behind a slash.
const (
	Storage  = "storage"      // bytes of messages, as their owners count them
	Disk     = "disk"         // bytes that the bodies take on the disk
	Free     = "free"         // bytes that are free on the disk
	Queue    = "queue"        // recipients that wait
	Sessions = "sessions"     // people's connections
	In       = "mail.in"      // copies of messages that reached a mailbox
	Junk     = "mail.junk"    // of them, in Junk
	Wronged  = "junk.wronged" // messages that were called wanted after they went to Junk
	Missed   = "junk.missed"  // messages that were called junk after they went elsewhere
	Out      = "mail.out"     // recipients elsewhere that took a message
	Failed   = "mail.failed"  // recipients elsewhere that were given up
	Refused  = "mail.refused" // what was not accepted
	Exposed  = "tls.exposed"  // attempts to sign in without encryption
	TLS13    = "tls.13"       // connections with TLS 1.3
	TLS12    = "tls.12"       // connections with TLS 1.2
	Plain    = "tls.none"     // connections without
	Account  = "storage/"     // before an address: bytes of messages
	Latency  = "latency."     // before a name of telemetry.LatencyNames
)

// Watch is what looks. Its fields are set before Run and not changed.
type Watch struct {
	History   *history.DB
	Telemetry *telemetry.Telemetry
	Log       *slog.Logger
	Now       func() time.Time

	Levels   func(context.Context) (map[string]int64, error) // by series; once a minute
	Accounts func(context.Context) (map[string]int64, error) // bytes by address; once an hour
	Sources  []func(context.Context) []finding.Finding       // each answers at once, from memory

	last map[string]int64 // what was counted up to the last look; Run alone
	hour int64            // of the last look at the accounts; likewise
}

// Run looks once a minute until ctx ends.
func (w *Watch) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	w.last = w.counts()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := w.look(ctx); err != nil && ctx.Err() == nil {
			w.Log.Warn("figures of this minute are missing in the history", "error", err)
		}
	}
}

// look writes one minute, and one hour when it is time.
func (w *Watch) look(ctx context.Context) error {
	levels, err := w.Levels(ctx)
	if err != nil {
		return err
	}
	open := w.Telemetry.Sessions()
	levels[Sessions] = signedIn(open)
	if err := w.History.Write(ctx, w.Now(), history.Minute, history.Figures{
		Levels: levels, Counts: w.counted(), Spreads: w.spreads(),
	}); err != nil {
		return err
	}
	if hour := w.Now().Unix() / 3600; hour != w.hour {
		w.hour = hour
		return w.lookAtAccounts(ctx, open)
	}
	return nil
}

// lookAtAccounts does what is done each hour.
func (w *Watch) lookAtAccounts(ctx context.Context, open []telemetry.Glance) error {
	accounts, err := w.Accounts(ctx)
	if err != nil {
		return err
	}
	levels := make(map[string]int64, len(accounts))
	for address, bytes := range accounts {
		levels[Account+address] = bytes
	}
	if err := w.History.Write(ctx, w.Now(), history.Hour, history.Figures{Levels: levels}); err != nil {
		return err
	}
	if err := w.History.Devices(ctx, open); err != nil {
		return err
	}
	return w.History.Forget(ctx)
}

func signedIn(open []telemetry.Glance) (n int64) {
	for _, g := range open {
		if g.Who.Account != 0 {
			n++
		}
	}
	return n
}

// counts are the totals since the start.
func (w *Watch) counts() map[string]int64 {
	t := w.Telemetry.Traffic()
	return map[string]int64{
		In: t.In.Load(), Junk: t.Junk.Load(), Out: t.Out.Load(), Failed: t.Failed.Load(), Refused: t.Refused.Load(),
		Wronged: t.Wronged.Load(), Missed: t.Missed.Load(), Exposed: t.Exposed.Load(), TLS13: t.TLS13.Load(), TLS12: t.TLS12.Load(), Plain: t.Plain.Load(),
	}
}

// counted is what was counted since it was last called.
func (w *Watch) counted() map[string]int64 {
	now := w.counts()
	since := map[string]int64{}
	for name, n := range now {
		if more := n - w.last[name]; more > 0 {
			since[name] = more
		}
	}
	w.last = now
	return since
}

func (w *Watch) spreads() map[string]telemetry.Counts {
	spreads := map[string]telemetry.Counts{}
	for i, counts := range w.Telemetry.TakeLatencies() {
		spreads[Latency+telemetry.LatencyNames[i]] = counts
	}
	return spreads
}

// Findings are those of all sources that nobody has dismissed, the gravest first,
// and how many were dismissed.
func (w *Watch) Findings(ctx context.Context) (open []finding.Finding, dismissed int, err error) {
	hidden, err := w.History.Dismissed(ctx)
	if err != nil {
		return nil, 0, err
	}
	for _, f := range w.all(ctx) {
		if hidden[f.ID()] {
			dismissed++
			continue
		}
		open = append(open, f)
	}
	finding.Sort(open)
	return open, dismissed, nil
}

func (w *Watch) all(ctx context.Context) (all []finding.Finding) {
	for _, source := range w.Sources {
		all = append(all, source(ctx)...)
	}
	return all
}
