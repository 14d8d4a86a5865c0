package archive

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"regexp"
	"time"
)

// An mbox file is messages one after another, each behind a line that begins
// with "From " and, but for the first, behind an empty line (RFC 4155). Lines of
// a message that look like that are quoted with ">" (mboxo), in the newer form
// those that are quoted already once more (mboxrd): one ">" is taken off either
// way. Content-Length is not believed.

// maxLine is the piece of a long line that is looked at, and how much is read at
// once.
const maxLine = 64 << 10

// fromLine is what begins a message: an address, perhaps, and a date with a
// time in it. Text lines that begin with "From " rarely look so.
var fromLine = regexp.MustCompile(`^From (.*[ \t])?(Mon|Tue|Wed|Thu|Fri|Sat|Sun),? .*\d\d?:\d\d.*\d{2,4}`)

// ReadMbox yields the messages of an mbox file. Messages of more than limit
// bytes are passed over with a *MessageError; an error of r ends it.
func ReadMbox(r io.Reader, limit int64) iter.Seq2[*Entry, error] {
	return func(yield func(*Entry, error) bool) {
		m := &mboxReader{r: bufio.NewReaderSize(r, maxLine), limit: limit}
		for {
			entry, err := m.next()
			if err == io.EOF {
				return
			}
			var one *MessageError
			if !yield(entry, err) || err != nil && !errors.As(err, &one) {
				return
			}
		}
	}
}

type mboxReader struct {
	r     *bufio.Reader
	limit int64
	at    int64  // bytes read
	from  []byte // the From line of the message that comes next; nil before the first
	begun int64  // where it stands
	body  []byte
	blank []byte // an empty line that may belong to the separator
	size  int64
	ended bool
}

// line reads one line, or a piece of a longer one; start says that it is not the
// rest of one.
func (m *mboxReader) line() (line []byte, whole bool, err error) {
	line, err = m.r.ReadSlice('\n')
	m.at += int64(len(line))
	if errors.Is(err, bufio.ErrBufferFull) {
		return line, false, nil
	}
	if len(line) > 0 && err == io.EOF {
		return line, true, nil
	}
	return line, true, err
}

// next reads one message.
func (m *mboxReader) next() (*Entry, error) {
	if m.from == nil {
		if err := m.first(); err != nil {
			return nil, err
		}
	}
	if m.ended {
		return nil, io.EOF
	}
	entry := &Entry{Position: fmt.Sprintf("byte %d", m.begun), Date: fromDate(m.from)}
	m.body, m.blank, m.size = m.body[:0], m.blank[:0], 0
	start := true
	for {
		at := m.at
		line, whole, err := m.line()
		if err == io.EOF {
			m.ended = true
			break
		}
		if err != nil {
			m.ended = true
			return nil, fmt.Errorf("read mbox at byte %d: %w", at, err)
		}
		if start && (len(m.blank) > 0 || m.size == 0) && fromLine.Match(line) {
			m.from, m.begun = bytes.Clone(line), at
			break
		}
		m.take(line, start)
		start = whole
	}
	return m.finish(entry)
}

// first finds the first From line; what is before it is no mail.
func (m *mboxReader) first() error {
	for start := true; ; {
		at := m.at
		line, whole, err := m.line()
		if err != nil {
			return err
		}
		if start && bytes.HasPrefix(line, []byte("From ")) {
			m.from, m.begun = bytes.Clone(line), at
			return nil
		}
		start = whole
	}
}

// take adds a line to the message; an empty one waits until it is known not to
// be the separator.
func (m *mboxReader) take(line []byte, start bool) {
	m.add(m.blank)
	m.blank = m.blank[:0]
	if start && len(bytes.TrimRight(line, "\r\n")) == 0 {
		m.blank = append(m.blank, line...)
		if m.size == 0 { // a message without a header
			m.size = 1
		}
		return
	}
	if start && isQuoted(line) {
		line = line[1:]
	}
	m.add(line)
}

// isQuoted reports whether a line is ">From ", ">>From " ...
func isQuoted(line []byte) bool {
	rest := bytes.TrimLeft(line, ">")
	return len(rest) < len(line) && bytes.HasPrefix(rest, []byte("From "))
}

func (m *mboxReader) add(text []byte) {
	m.size += int64(len(text))
	if int64(len(m.body)) <= m.limit {
		m.body = appendCRLF(m.body, text)
	}
}

// finish takes the flags out of the header.
func (m *mboxReader) finish(entry *Entry) (*Entry, error) {
	if int64(len(m.body)) > m.limit {
		return nil, &MessageError{entry.Position, &TooLargeError{m.limit}}
	}
	entry.Body, entry.Flags = takeStatus(m.body)
	return entry, nil
}

// fromDate reads the date behind "From address "; zero if it cannot.
func fromDate(line []byte) time.Time {
	at := fromLine.FindSubmatchIndex(line)
	if at == nil {
		return time.Time{}
	}
	text := string(bytes.Join(bytes.Fields(line[at[4]:]), []byte(" ")))
	for _, layout := range []string{
		"Mon Jan 2 15:04:05 2006", "Mon Jan 2 15:04:05 -0700 2006", "Mon Jan 2 15:04:05 2006 -0700",
		"Mon Jan 2 15:04:05 MST 2006", "Mon Jan 2 15:04 2006", "Mon, 2 Jan 2006 15:04:05 -0700",
	} {
		if t, err := time.Parse(layout, text); err == nil {
			return t
		}
	}
	return time.Time{}
}

// An MboxWriter writes messages to an mbox file, in the mboxrd form.
type MboxWriter struct{ w *bufio.Writer }

// NewMboxWriter returns a writer that appends to w.
func NewMboxWriter(w io.Writer) *MboxWriter { return &MboxWriter{bufio.NewWriter(w)} }

// Write appends one message, with its flags in Status, X-Status and X-Keywords:
// before its first line, but behind those that would be read as the rest of them
// (RFC 5322 section 2.2.3).
func (m *MboxWriter) Write(e *Entry) error {
	date := e.Date
	if date.IsZero() {
		date = time.Unix(0, 0)
	}
	fmt.Fprintf(m.w, "From MAILER-DAEMON %s\n", date.UTC().Format("Mon Jan _2 15:04:05 2006"))
	body, status := e.Body, statusLines(e.Flags)
	if !bytes.HasSuffix(body, []byte("\n")) {
		body = append(body[:len(body):len(body)], "\r\n"...)
	}
	for line := range bytes.Lines(body) {
		if line[0] != ' ' && line[0] != '\t' {
			m.w.Write(status)
			status = nil
		}
		if isQuoted(line) || bytes.HasPrefix(line, []byte("From ")) {
			m.w.WriteByte('>')
		}
		m.w.Write(toLF(line))
	}
	m.w.Write(status)
	m.w.WriteByte('\n')
	return m.w.Flush() // tells the first error of all these
}

// toLF ends a line with LF alone, but for one with a second CR, which would not
// come back.
func toLF(line []byte) []byte {
	if rest, ok := bytes.CutSuffix(line, []byte("\r\n")); ok && !bytes.HasSuffix(rest, []byte("\r")) {
		return append(rest[:len(rest):len(rest)], '\n')
	}
	return line
}
