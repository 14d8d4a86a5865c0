package command

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"

	"letterbox/archive"
	"letterbox/message"
)

type importCmd struct {
	Account string `required:"" placeholder:"ADDRESS" help:"Whose mail it becomes."`
	Mailbox string `placeholder:"NAME" help:"Where it goes; made when it is missing. Default: INBOX. The folders of a Maildir go below it, or stay as they are without it."`
	Path    string `arg:"" help:"An mbox file, a Maildir, or - for an mbox on standard input."`
}

func (*importCmd) Help() string {
	return "Flags, keywords and dates are kept. What the mailbox has already, the same bytes with the same date, is passed over, so that an import that was interrupted can be run again."
}

// An arrival says how far the import is: everything up to here is kept.
type arrival struct {
	Added, Present int64
	Done           int64
	Position       string
}

// sent is what the local side has to say at its end.
type sent struct {
	messages, refused int64
	err               error
}

func (c *importCmd) local(ctx context.Context, s *shell) error {
	config, err := s.config()
	if err != nil {
		return err
	}
	source, err := openSource(c.Path, s.In, int64(config.IMAP.MaxMessageSize))
	if err != nil {
		return err
	}
	defer source.Close()
	run := &importing{command: c, shell: s, source: source, pipe: newPipe()}
	run.bar = newProgress(s.Err, "import", source.total, source.bytes)
	defer run.bar.end()
	return run.do(ctx)
}

// importing is the local side of one import: it reads and sends on one
// goroutine and hears what is kept on another.
type importing struct {
	command *importCmd
	shell   *shell
	source  *source
	pipe    *pipe
	bar     progress
	last    arrival
}

// do lets what is under way be kept when ctx ends: the inside part, which does
// not know that ctx, sees the end of its input then.
func (i *importing) do(ctx context.Context) error {
	fed, heard := make(chan sent, 1), make(chan error, 1)
	go func() { fed <- i.send(ctx) }()
	go func() {
		heard <- receive(i.pipe.out, func(a *arrival) error {
			i.last = *a
			i.bar.set(a.Done)
			return nil
		})
	}()
	stop := context.AfterFunc(ctx, func() { _ = i.pipe.feed.Close() })
	defer stop()
	err := i.shell.inside(context.WithoutCancel(ctx), i.command, i.pipe.stdio(i.shell.Err))
	i.pipe.ended()
	err = errors.Join(err, <-heard)
	i.bar.end()
	switch {
	case err != nil:
		i.tellWhere()
		return err
	case ctx.Err() != nil: // who sends may hang in a read that nobody ends
		i.tellWhere()
		return ctx.Err()
	}
	return i.conclude(<-fed)
}

// send reads the archive. Messages that cannot be read are told and passed over.
func (i *importing) send(ctx context.Context) (result sent) {
	defer i.pipe.feed.Close()
	parcels := gob.NewEncoder(i.pipe.feed)
	for entry, err := range i.source.entries {
		var one *archive.MessageError
		if errors.As(err, &one) {
			fmt.Fprintf(i.shell.Err, "letterbox: %v; it is passed over\n", one)
			result.refused++
			continue
		}
		if err != nil {
			result.err = err
			return result
		}
		if ctx.Err() != nil {
			return result
		}
		result.messages++
		if err := parcels.Encode(i.parcel(entry)); err != nil {
			return result // the inside part has ended, and says why
		}
	}
	return result
}

func (i *importing) parcel(e *archive.Entry) *parcel {
	p := &parcel{Mailbox: e.Mailbox, Flags: e.Flags, Date: e.Date, Body: e.Body, Position: e.Position, Done: i.source.done()}
	if p.Date.IsZero() {
		p.Date = message.ParseHeader(e.Body).Date
	}
	if p.Date.IsZero() { // anything that is the same when this is done again
		p.Date = i.source.date
	}
	return p
}

// tellWhere says how far an import came that did not come to its end.
func (i *importing) tellWhere() {
	if i.last.Position == "" {
		fmt.Fprintln(i.shell.Err, "Nothing was imported.")
		return
	}
	fmt.Fprintf(i.shell.Err, "Stopped behind the message at %s of %s: %s.\nThe same command again goes on from there: what is kept already is passed over.\n",
		i.last.Position, i.command.Path, i.last)
}

// String is such as "3 messages imported, 1 was there already".
func (a arrival) String() string {
	text := plural(a.Added, "message") + " imported"
	if a.Present == 1 {
		return text + ", 1 was there already"
	}
	if a.Present > 0 {
		text += fmt.Sprintf(", %d were there already", a.Present)
	}
	return text
}

// conclude is for an import that came to its end.
func (i *importing) conclude(result sent) error {
	if result.err != nil {
		i.tellWhere()
		return fmt.Errorf("%s: %w", i.command.Path, result.err)
	}
	if result.messages+result.refused == 0 && i.source.done() > 0 {
		return fmt.Errorf("%s holds no message: an mbox file begins with a line such as 'From anna@example.org Mon Nov 23 10:00:00 2026'", i.command.Path)
	}
	if _, err := fmt.Fprintf(i.shell.Out, "%s.\n", i.last); err != nil {
		return err
	}
	if result.refused > 0 {
		return fmt.Errorf("%s could not be read, see above", plural(result.refused, "message"))
	}
	return nil
}
