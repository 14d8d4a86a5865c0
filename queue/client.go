package queue

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
)

// Time limits of RFC 5321 section 4.5.3.2.
const (
	greetingTime = 5 * time.Minute
	commandTime  = 5 * time.Minute
	dataTime     = 2 * time.Minute
	blockTime    = 3 * time.Minute
	finalTime    = 10 * time.Minute
	quitTime     = 5 * time.Second
)

// A client is a connection to a server. go-smtp's client was not taken: it
// cannot begin TLS only where it is offered, does not pipeline and keeps no words
// of replies that are good. A client belongs to one goroutine.
type client struct {
	conn       net.Conn
	r          *bufio.Reader
	w          *bufio.Writer
	host       string // its name, for reports
	extensions map[string]string
	tls        *tls.ConnectionState // nil in the clear
	verified   bool                 // TLS, and we know that it is who we mean
	relay      bool                 // it is the relay
	sent       int                  // messages
	broken     bool                 // nothing more can be said on it
	release    func() bool
}

// newClient takes over a connection. It is cut when ctx ends; quit gives it up.
func newClient(ctx context.Context, conn net.Conn, host string) *client {
	c := &client{host: host, release: context.AfterFunc(ctx, func() { conn.Close() })}
	c.use(conn)
	return c
}

func (c *client) use(conn net.Conn) {
	c.conn = conn
	c.r = bufio.NewReaderSize(conn, maxReplyLine)
	c.w = bufio.NewWriter(conn)
}

// greet reads the greeting.
func (c *client) greet() error {
	c.conn.SetDeadline(time.Now().Add(greetingTime))
	_, err := c.expect()
	return err
}

// hello introduces us and learns what the server can do.
func (c *client) hello(name string) error {
	reply, err := c.command(commandTime, "EHLO %s", name)
	var refused *replyError
	if errors.As(err, &refused) && refused.Permanent() {
		c.extensions = nil
		_, err = c.command(commandTime, "HELO %s", name)
		return err
	}
	if err != nil {
		return err
	}
	c.extensions = map[string]string{}
	_, lines, _ := strings.Cut(reply.Text, "\n")
	for line := range strings.SplitSeq(lines, "\n") {
		word, parameters, _ := strings.Cut(line, " ")
		c.extensions[strings.ToUpper(word)] = parameters
	}
	return nil
}

func (c *client) can(extension string) bool {
	_, ok := c.extensions[extension]
	return ok
}

// maxSize is what SIZE promises, 0 for nothing (RFC 1870).
func (c *client) maxSize() int64 {
	n, err := strconv.ParseInt(c.extensions["SIZE"], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// startTLS begins TLS. What was read beforehand is thrown away: it came in the
// clear, perhaps from somebody else (RFC 3207 section 4.2).
func (c *client) startTLS(ctx context.Context, config *tls.Config) error {
	if _, err := c.command(commandTime, "STARTTLS"); err != nil {
		return err
	}
	return c.handshake(ctx, config)
}

func (c *client) handshake(ctx context.Context, config *tls.Config) error {
	conn := tls.Client(c.conn, config)
	c.conn.SetDeadline(time.Now().Add(commandTime))
	if err := conn.HandshakeContext(ctx); err != nil {
		c.broken = true
		return fmt.Errorf("begin TLS with %s: %w", c.host, err)
	}
	state := conn.ConnectionState()
	c.use(conn)
	c.tls, c.extensions = &state, nil
	return nil
}

// auth signs in, by a mechanism that the server has.
func (c *client) auth(username, password string) error {
	mechanism := sasl.Client(sasl.NewPlainClient("", username, password))
	offered := strings.Fields(strings.ToUpper(c.extensions["AUTH"]))
	if !has(offered, "PLAIN") && has(offered, "LOGIN") {
		mechanism = sasl.NewLoginClient(username, password)
	}
	name, first, err := mechanism.Start()
	if err != nil {
		return err
	}
	line := "AUTH " + name
	if first != nil {
		line += " " + encode64(first)
	}
	reply, err := c.command(commandTime, "%s", line)
	for err == nil && reply.Code == 334 {
		var challenge, response []byte
		if challenge, err = decode64(reply.Text); err != nil {
			return errNotSMTP
		}
		if response, err = mechanism.Next(challenge); err != nil {
			return err
		}
		reply, err = c.command(commandTime, "%s", encode64(response))
	}
	return err
}

// command sends a line and reads the reply; one that is not good is an error.
func (c *client) command(limit time.Duration, format string, args ...any) (Reply, error) {
	c.conn.SetDeadline(time.Now().Add(limit))
	if err := c.send(format, args...); err != nil {
		return Reply{}, err
	}
	return c.expect()
}

func (c *client) send(format string, args ...any) error {
	fmt.Fprintf(c.w, format+"\r\n", args...)
	return c.flush()
}

func (c *client) flush() error {
	if err := c.w.Flush(); err != nil {
		c.broken = true
		return fmt.Errorf("connection to %s: %w", c.host, err)
	}
	return nil
}

// expect reads a reply that is hoped to be good.
func (c *client) expect() (Reply, error) {
	reply, err := c.read()
	if err == nil && !reply.Good() {
		err = &replyError{reply}
	}
	return reply, err
}

func (c *client) read() (Reply, error) {
	reply, err := readReply(c.r)
	if err != nil {
		c.broken = true
		return reply, fmt.Errorf("connection to %s: %w", c.host, err)
	}
	if reply.Code == 421 { // RFC 5321 section 3.8: it closes
		c.broken = true
	}
	return reply, nil
}

// quit says goodbye if that is still possible, and closes.
func (c *client) quit() {
	defer c.release()
	if !c.broken {
		c.conn.SetDeadline(time.Now().Add(quitTime))
		fmt.Fprint(c.w, "QUIT\r\n")
		if c.w.Flush() == nil {
			_, _ = readReply(c.r) // whatever it says
		}
	}
	_ = c.conn.Close()
}

// local is our end of the connection.
func (c *client) local() netip.Addr {
	if a, ok := c.conn.LocalAddr().(*net.TCPAddr); ok {
		return a.AddrPort().Addr()
	}
	return netip.Addr{}
}
