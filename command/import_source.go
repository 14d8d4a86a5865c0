package command

import (
	"fmt"
	"io"
	"iter"
	"os"
	"time"

	"letterbox/archive"
)

// A source is an archive that is being read.
type source struct {
	entries iter.Seq2[*archive.Entry, error]
	done    func() int64 // how much of it is read
	total   int64        // -1: not known
	bytes   bool         // done and total are bytes, else messages
	date    time.Time    // of messages that have none
	file    *os.File     // nil: nothing to close
}

func (s *source) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// openSource finds out what a path is. Messages above limit bytes are refused.
func openSource(path string, stdin io.Reader, limit int64) (*source, error) {
	if path == "-" {
		return mboxSource(stdin, -1, time.Now().Truncate(time.Second), limit), nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return maildirSource(path, info.ModTime(), limit)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	s := mboxSource(file, info.Size(), info.ModTime(), limit)
	s.file = file
	return s, nil
}

func mboxSource(r io.Reader, total int64, date time.Time, limit int64) *source {
	counted := &countingReader{r: r}
	return &source{
		entries: archive.ReadMbox(counted, limit),
		done:    func() int64 { return counted.n },
		total:   total,
		bytes:   true,
		date:    date,
	}
}

func maildirSource(path string, date time.Time, limit int64) (*source, error) {
	total, err := archive.CountMaildir(path)
	if err != nil {
		return nil, err
	}
	if total < 0 {
		return nil, fmt.Errorf("%s is no Maildir: neither it nor a folder below it has one named 'cur'", path)
	}
	var done int64
	counted := func(yield func(*archive.Entry, error) bool) {
		for entry, err := range archive.ReadMaildir(path, limit) {
			done++
			if !yield(entry, err) {
				return
			}
		}
	}
	return &source{entries: counted, done: func() int64 { return done }, total: total, date: date}, nil
}

// A countingReader counts what was read of r.
type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
