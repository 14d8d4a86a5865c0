package junk

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
)

// Clamd is ClamAV's daemon, by its socket.
type Clamd struct {
	Socket Socket
	Refuse bool // what it finds; else that goes to Junk, whoever it is from
}

// Name is what the log calls it.
func (c *Clamd) Name() string { return "clamd" }

// clamdChunk is how much is sent at once (INSTREAM).
const clamdChunk = 64 << 10

// errTooLarge says that the daemon takes no message of that size.
var errTooLarge = errors.New("the message is larger than clamd's StreamMaxLength")

// Ask sends the message there.
func (c *Clamd) Ask(ctx context.Context, s *Submission) (e Evidence, err error) {
	conn, done, err := c.Socket.dial(ctx)
	if err != nil {
		return e, fmt.Errorf("reach clamd: %w", err)
	}
	defer done()
	// It answers in the midst when the message is too large for it, and closes.
	sent := sendStream(conn, s.Raw)
	answer, err := readAnswer(conn)
	if err != nil {
		return e, fmt.Errorf("ask clamd: %w", errors.Join(sent, err))
	}
	virus, err := parseClamd(answer)
	switch {
	case errors.Is(err, errTooLarge): // no reason to leave it alone for a while
		e.add(ReasonUnchecked, 0, "clamd takes no message of this size")
		return e, nil
	case err != nil:
		return e, err
	case virus == "":
		return e, nil
	case c.Refuse:
		return e, &RefusedError{Code: 554, Text: "the message carries something harmful (" + virus + "); look at the machine that sent it"}
	}
	e.decide(ReasonVirus, virus)
	return e, nil
}

// sendStream is INSTREAM: chunks with their lengths before them, the last one empty.
func sendStream(conn net.Conn, raw []byte) error {
	w := bufio.NewWriterSize(conn, clamdChunk+4)
	_, _ = io.WriteString(w, "zINSTREAM\x00") // what fails shows at the end
	for len(raw) > 0 {
		chunk := raw[:min(len(raw), clamdChunk)]
		raw = raw[len(chunk):]
		_ = binary.Write(w, binary.BigEndian, uint32(len(chunk)))
		if _, err := w.Write(chunk); err != nil {
			return err
		}
	}
	_ = binary.Write(w, binary.BigEndian, uint32(0))
	return w.Flush()
}

// readAnswer reads up to the zero byte.
func readAnswer(conn net.Conn) (string, error) {
	text, err := bufio.NewReader(io.LimitReader(conn, 4096)).ReadString(0)
	if err != nil && !(errors.Is(err, io.EOF) && text != "") {
		return "", err
	}
	return strings.TrimRight(text, "\x00\r\n"), nil
}

// parseClamd reads "stream: OK", "stream: NAME FOUND" or "... ERROR".
func parseClamd(answer string) (virus string, err error) {
	said, found := strings.CutPrefix(answer, "stream: ")
	switch name, isVirus := strings.CutSuffix(said, " FOUND"); {
	case strings.Contains(answer, "size limit exceeded"):
		return "", errTooLarge
	case found && said == "OK":
		return "", nil
	case found && isVirus && oneLine(name) != "":
		return oneLine(name), nil
	}
	return "", fmt.Errorf("clamd answers %q", oneLine(answer))
}
