package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// client is as thin as a client can be, so that what is measured is the server.
type client struct {
	conn  net.Conn
	r     *bufio.Reader
	tag   int
	read  int64 // bytes since dial
	trips int   // commands answered since dial
}

func dial(address string, private bool) (*client, error) {
	conn, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		return nil, err
	}
	if private {
		conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true}) // a throw-away certificate on loopback
	}
	c := &client{conn: conn, r: bufio.NewReaderSize(conn, 64<<10)}
	c.patience()
	greeting, err := c.line()
	if err == nil && !bytes.HasPrefix(greeting, []byte("* OK")) {
		err = fmt.Errorf("greeted with %q", greeting)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return c, nil
}

// patience gives the server ten minutes for what comes next: for one command, not
// for all of filling a mailbox.
func (c *client) patience() { _ = c.conn.SetDeadline(time.Now().Add(10 * time.Minute)) }

// signIn dials and signs in.
func signIn(s server, user int, private bool) (*client, error) {
	address := s.Plain()
	if private {
		address = s.TLS()
	}
	c, err := dial(address, private)
	if err != nil {
		return nil, err
	}
	if _, err := c.do("LOGIN %s %s", userName(user), password); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (c *client) Close() { c.conn.Close() }

// line reads one line without its end. It is valid until the next read.
func (c *client) line() ([]byte, error) {
	line, err := c.r.ReadSlice('\n')
	for errors.Is(err, bufio.ErrBufferFull) { // a long line: only its end matters
		c.read += int64(len(line))
		line, err = c.r.ReadSlice('\n')
	}
	c.read += int64(len(line))
	return bytes.TrimRight(line, "\r\n"), err
}

// literal returns the size that a line announces at its end, or -1.
func literal(line []byte) int64 {
	if len(line) == 0 || line[len(line)-1] != '}' {
		return -1
	}
	open := bytes.LastIndexByte(line, '{')
	n, err := strconv.ParseInt(string(bytes.TrimRight(line[open+1:len(line)-1], "+")), 10, 64)
	if open < 0 || err != nil {
		return -1
	}
	return n
}

// response reads one response with its literals and returns its first line.
func (c *client) response() (string, error) {
	line, err := c.line()
	if err != nil {
		return "", err
	}
	first := string(line)
	for {
		n := literal(line)
		if n < 0 {
			return first, nil
		}
		if _, err := io.CopyN(io.Discard, c.r, n); err != nil {
			return "", err
		}
		c.read += n
		if line, err = c.line(); err != nil {
			return "", err
		}
	}
}

// send writes a command and returns its tag.
func (c *client) send(format string, args ...any) (string, error) {
	c.patience()
	c.tag++
	tag := "a" + strconv.Itoa(c.tag)
	_, err := fmt.Fprintf(c.conn, tag+" "+format+"\r\n", args...)
	return tag, err
}

// finish reads to the tagged reply and returns how many untagged ones came
// before, and the reply.
func (c *client) finish(tag string) (untagged int, reply string, err error) {
	for {
		line, err := c.response()
		if err != nil {
			return untagged, "", err
		}
		if rest, ok := strings.CutPrefix(line, tag+" "); ok {
			c.trips++
			if !strings.HasPrefix(rest, "OK") {
				return untagged, rest, fmt.Errorf("server says %q", rest)
			}
			return untagged, rest, nil
		}
		untagged++
	}
}

// do runs a command and fails unless the reply is OK.
func (c *client) do(format string, args ...any) (untagged int, err error) {
	tag, err := c.send(format, args...)
	if err != nil {
		return 0, err
	}
	untagged, _, err = c.finish(tag)
	return untagged, err
}

// append adds messages with one command and non-synchronizing literals: one
// round trip. More than one are MULTIAPPEND (RFC 3502).
func (c *client) append(mailbox string, mail ...[]byte) error {
	c.patience()
	c.tag++
	tag := "a" + strconv.Itoa(c.tag)
	command := []byte(tag + " APPEND " + mailbox)
	for _, raw := range mail {
		command = fmt.Appendf(command, " {%d+}\r\n", len(raw))
		command = append(command, raw...)
	}
	if _, err := c.conn.Write(append(command, "\r\n"...)); err != nil {
		return err
	}
	_, _, err := c.finish(tag)
	return err
}

// has reports whether a capability is offered after sign-in.
func (c *client) has(capability string) bool {
	tag, err := c.send("CAPABILITY")
	if err != nil {
		return false
	}
	found := false
	for {
		line, err := c.response()
		if err != nil || strings.HasPrefix(line, tag) {
			return found && err == nil
		}
		found = found || slices.Contains(strings.Fields(line), capability)
	}
}
