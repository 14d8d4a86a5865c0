package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"letterbox/archive"
	"letterbox/control"
)

type exportCmd struct {
	Account string `required:"" placeholder:"ADDRESS" help:"Whose mail."`
	Mailbox string `placeholder:"NAME" help:"One mailbox. Default, for a Maildir: all of them, as folders."`
	Format  string `enum:"mbox,maildir" default:"mbox" placeholder:"FORMAT" help:"mbox (one file, the default) or maildir."`
	Path    string `arg:"" help:"The file or folder to write, which must not be there yet, or - for an mbox on standard output."`
}

// A mailWriter is an archive that is being written.
type mailWriter interface {
	Write(*archive.Entry) error
}

func (c *exportCmd) local(ctx context.Context, s *shell) error {
	if c.Format == "mbox" && c.Mailbox == "" {
		return errors.New("an mbox file holds one mailbox: name it with --mailbox, or write all of them with --format maildir")
	}
	target, finish, err := c.open(s.Out)
	if err != nil {
		return err
	}
	run := &exporting{shell: s, target: target, pipe: newPipe()}
	if err := finish(run.do(ctx, c)); err != nil {
		return err
	}
	if c.Path == "-" {
		return nil
	}
	_, err = fmt.Fprintf(s.Out, "%s exported.\n", plural(run.written, "message"))
	return err
}

// open makes the target. finish is told how the export went; it keeps or removes
// what was written and returns the error of the whole.
func (c *exportCmd) open(stdout io.Writer) (w mailWriter, finish func(error) error, err error) {
	switch {
	case c.Path == "-" && c.Format != "mbox":
		return nil, nil, errors.New("a Maildir is a folder: name one")
	case c.Path == "-":
		return archive.NewMboxWriter(stdout), func(err error) error { return err }, nil
	case c.Format == "mbox":
		return newMboxFile(c.Path)
	}
	return newMaildir(c.Path)
}

func newMboxFile(path string) (mailWriter, func(error) error, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, nil, err
	}
	return archive.NewMboxWriter(file), func(err error) error {
		if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
			return errors.Join(err, os.Remove(path)) // half a file looks like a whole one
		}
		return nil
	}, nil
}

func newMaildir(path string) (mailWriter, func(error) error, error) {
	if err := os.Mkdir(path, 0o700); err != nil {
		return nil, nil, err
	}
	w, err := archive.NewMaildirWriter(path)
	if err != nil {
		return nil, nil, err
	}
	return w, func(err error) error {
		if err != nil {
			return fmt.Errorf("%w; what is in %s is not all", err, path)
		}
		return nil
	}, nil
}

// exporting is the local side of one export.
type exporting struct {
	shell   *shell
	target  mailWriter
	pipe    *pipe
	bar     progress
	written int64
}

func (e *exporting) do(ctx context.Context, c *exportCmd) error {
	heard := make(chan error, 1)
	go func() {
		err := receive(e.pipe.out, e.write)
		_ = e.pipe.out.CloseWithError(err) // nobody reads on: the inside part must not wait
		heard <- err
	}()
	_ = e.pipe.feed.Close()
	err := e.shell.inside(ctx, c, control.Stdio{In: e.pipe.in, Out: e.pipe.deliver, Err: e.shell.Err})
	e.pipe.ended()
	writing := <-heard
	e.bar.end()
	if writing != nil {
		return writing // what it was is why the other failed
	}
	return err
}

func (e *exporting) write(p *parcel) error {
	if e.written == 0 {
		e.bar = newProgress(e.shell.Err, "export", p.Total, false)
	}
	e.written++
	e.bar.set(p.Done)
	return e.target.Write(p.entry())
}
