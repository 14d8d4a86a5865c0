package command

import (
	"encoding/gob"
	"errors"
	"io"
	"time"

	"letterbox/archive"
	"letterbox/control"
)

// A parcel is one message on its way between the user's files and the place
// where the data is. They go one after another, so that an archive of any size
// needs constant memory.
type parcel struct {
	Mailbox  string // within the archive; see archive.Entry
	Flags    []string
	Date     time.Time
	Body     []byte
	Position string // in the archive, for people
	Done     int64  // how much there is up to here
	Total    int64  // of how much; 0: the sender knows
}

func (p *parcel) entry() *archive.Entry {
	return &archive.Entry{Mailbox: p.Mailbox, Flags: p.Flags, Date: p.Date, Body: p.Body}
}

// receive calls fn with each value that comes in by r, until the other side ends
// or breaks off.
func receive[T any](r io.Reader, fn func(*T) error) error {
	values := gob.NewDecoder(r)
	for {
		v := new(T)
		err := values.Decode(v)
		if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := fn(v); err != nil {
			return err
		}
	}
}

// A pipe is the standard input and output of an inside command, seen from the
// local one that feeds and hears it.
type pipe struct {
	in, out       *io.PipeReader
	feed, deliver *io.PipeWriter
}

func newPipe() *pipe {
	p := &pipe{}
	p.in, p.feed = io.Pipe()
	p.out, p.deliver = io.Pipe()
	return p
}

func (p *pipe) stdio(errors io.Writer) control.Stdio {
	return control.Stdio{In: p.in, Out: p.deliver, Err: errors}
}

// ended is called when the inside command has ended: who still feeds it gets
// io.ErrClosedPipe, who hears it the end.
func (p *pipe) ended() {
	_ = p.in.Close()
	_ = p.deliver.Close()
}
