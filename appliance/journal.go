package appliance

import (
	"context"

	"letterbox/trace"
)

// openJournal opens the trace of messages; nil where none is kept, or where that
// fails: mail goes on without it.
func (d *Data) openJournal(ctx context.Context) *trace.Journal {
	keep := d.Config.Mail.trace()
	if keep == 0 {
		return nil
	}
	journal, err := trace.Open(ctx, d.folder.join(traceFile), trace.Options{Keep: keep, Log: d.Log})
	if err != nil {
		d.Log.Error("what becomes of messages is not noted", "error", err)
		return nil
	}
	d.Telemetry.Gauge("trace_dropped_events", "Events of messages that were not noted since the start: more came than could be written, or the disk is full.", func() float64 {
		return float64(journal.Dropped())
	})
	return journal
}
