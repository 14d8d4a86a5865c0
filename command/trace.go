package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"letterbox/appliance"
	"letterbox/control"
	"letterbox/directory"
	"letterbox/trace"
)

type traceCmd struct {
	What  string `arg:"" optional:"" help:"An address, of the sender or a recipient; a Message-ID in angle brackets; or what the server said when it accepted the message. Nothing: the latest messages."`
	Since string `placeholder:"TIME" help:"Not before: 2006-01-02, \"2006-01-02 15:04\", or how long ago: 2h, 3days."`
	Until string `placeholder:"TIME" help:"Before."`
	Limit int    `default:"20" help:"How many messages, the latest."`
	listFlags
}

func (c *traceCmd) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	if d.Journal == nil {
		return errors.New("nothing is noted: mail.trace_days is 0, or the log says why")
	}
	if c.Limit < 1 || c.Limit > 10_000 {
		return errors.New("--limit is a number from 1 to 10000")
	}
	q, err := c.query(ctx, d, time.Now())
	if err != nil {
		return err
	}
	found, err := d.Journal.Find(ctx, q)
	if err != nil {
		return err
	}
	if c.JSON {
		return c.print(stdio.Out, append([]trace.Trace{}, found...), nil)
	}
	if len(found) == 0 {
		fmt.Fprintf(stdio.Out, "Nothing is known of such a message in the last %s. What came before is in the log.\n", plural(d.Config.Mail.TraceDays, "day"))
	}
	for _, message := range found {
		describeTrace(stdio.Out, message)
	}
	return nil
}

// query reads the arguments. For an address of a user it looks for all that they
// had, by whatever address it came.
func (c *traceCmd) query(ctx context.Context, d *appliance.Data, now time.Time) (q trace.Query, err error) {
	q.Limit = c.Limit
	switch {
	case strings.HasPrefix(c.What, "<"):
		q.MessageID = c.What
	case strings.Contains(c.What, "@"):
		q.Address = c.What
		if user, err := d.Directory.User(ctx, c.What); err == nil {
			q.Account = user.ID
		} else if !errors.Is(err, directory.ErrNoSuchUser) && !errors.Is(err, directory.ErrNotOurs) && !errors.Is(err, directory.ErrBadAddress) {
			return q, err
		}
	default:
		q.Trace = c.What
	}
	if q.Since, err = parseMoment(c.Since, now); err != nil {
		return q, fmt.Errorf("--since: %w", err)
	}
	if q.Until, err = parseMoment(c.Until, now); err != nil {
		return q, fmt.Errorf("--until: %w", err)
	}
	return q, nil
}

// parseMoment reads a time as people write it; zero for none.
func parseMoment(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{"2006-01-02", "2006-01-02 15:04", "2006-01-02T15:04", time.RFC3339} {
		if at, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return at, nil
		}
	}
	var ago appliance.Duration
	if err := ago.UnmarshalText([]byte(text)); err != nil {
		return time.Time{}, fmt.Errorf("%q is no time; write for example 2026-01-31, \"2026-01-31 15:04\" or 2h", text)
	}
	return now.Add(-time.Duration(ago)), nil
}

func describeTrace(w io.Writer, message trace.Trace) {
	first := message.Events[0]
	fmt.Fprintf(w, "%s  from <%s>  %s\n", moment(first.At), first.Sender, message.ID)
	if first.MessageID != "" {
		fmt.Fprintf(w, "  Message-ID <%s>\n", first.MessageID)
	}
	for _, e := range message.Events {
		fmt.Fprintf(w, "  %s  %-9s  %s\n", e.At.Local().Format("15:04:05"), e.Kind, strings.Join(eventWords(e), ", "))
		for _, n := range e.Notes {
			fmt.Fprintf(w, "    %s: %s\n", n.Name, n.Text)
		}
	}
	fmt.Fprintln(w)
}

// eventWords are what there is to say about an event.
func eventWords(e trace.Event) []string {
	var words []string
	add := func(format string, value any, said bool) {
		if said {
			words = append(words, fmt.Sprintf(format, value))
		}
	}
	add("for %s", e.Recipient, e.Recipient != "")
	add("in %s", e.Folder, e.Folder != "")
	add("by %s", e.Host, e.Host != "")
	add("from %s", e.Remote, e.Remote.IsValid())
	add("which calls itself %s", e.Helo, e.Helo != "")
	add("%s", e.Protocol, e.Protocol != "")
	add("%s", size(e.Size), e.Size > 0)
	add("number %d in the queue", e.Queue, e.Queue > 0)
	add("%s", e.Reply, e.Reply != "")
	return words
}
