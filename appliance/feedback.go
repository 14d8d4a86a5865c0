package appliance

import (
	"context"

	"letterbox/database"
	"letterbox/feedback"
	"letterbox/queue"
)

// openFeedback returns what reports to others and reads what they report.
func (d *Data) openFeedback() *feedback.Feedback {
	names, err := d.Config.DNS.resolver()
	if err != nil {
		d.Log.Error("no reports are sent to other domains", "error", err)
	}
	return feedback.New(feedback.Options{
		DB: d.DB, Directory: d.Directory, Resolver: names, Hostname: d.Config.Hostname,
		Send: d.Config.Mail.Reports && d.Config.Queue.Send,
		Log:  d.Log.With("part", "feedback"),
		Post: d.postReport,
	})
}

// postReport puts a report into the queue. What becomes of it is reported to nobody.
func (d *Data) postReport(ctx context.Context, m feedback.Mail, also func(*database.Tx) error) error {
	out := &queue.Message{Sender: m.From, LaxTLS: m.Lax}
	for _, to := range m.To {
		out.Recipients = append(out.Recipients, queue.Recipient{Address: to, Notify: "NEVER"})
	}
	return d.Queue.Post(ctx, out, m.Raw, also)
}
