package clients

import (
	"bytes"
	"fmt"
	"net"
	"sync"
	"testing"
)

// A cutter passes connections on and breaks them off, as networks do: each one at
// the place that is next in its plan, and those behind the plan nowhere.
type cutter struct {
	t       *testing.T
	to      string // where connections lead
	claimed string // whom the PROXY protocol names as the client; "": it is not spoken

	mu   sync.Mutex
	plan []place
	open sync.WaitGroup
}

// proxyAddress is where a cutter connects from that speaks the PROXY protocol.
const proxyAddress = "127.0.0.3"

// A place is where a connection breaks off.
type place int

const (
	nowhere    place = iota
	amidst           // in the middle of a message
	unanswered       // when the server has taken the message, and before the client hears so
)

// amid is how much of what a client sends passes before a cut amidst: less than a
// message of these tests, more than the commands before it.
const amid = 100 << 10

// cut listens on an address until the test ends, and returns where.
func cut(t *testing.T, address, to, claimed string, plan ...place) string {
	t.Helper()
	ln, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{t: t, to: to, claimed: claimed, plan: plan}
	c.open.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			c.open.Go(func() { c.pass(conn) })
		}
	})
	t.Cleanup(func() {
		ln.Close()
		c.open.Wait()
	})
	return ln.Addr().String()
}

// next takes the next place from the plan.
func (c *cutter) next() (p place) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.plan) > 0 {
		p, c.plan = c.plan[0], c.plan[1:]
	}
	return p
}

// pass passes on what both sides say, up to the cut.
func (c *cutter) pass(client net.Conn) {
	defer client.Close()
	dialer := &net.Dialer{}
	if c.claimed != "" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(proxyAddress)}
	}
	server, err := dialer.Dial("tcp", c.to)
	if err != nil {
		return
	}
	defer server.Close()
	if c.claimed != "" {
		fmt.Fprintf(server, "PROXY TCP4 %s 203.0.113.1 4000 25\r\n", c.claimed)
	}
	where, ended := c.next(), make(chan struct{}) // ended: the client has sent the end of its message
	go func() {
		defer server.Close()
		c.send(client, server, where, ended)
	}()
	buffer := make([]byte, 32<<10)
	for {
		n, err := server.Read(buffer)
		if err != nil {
			return
		}
		select {
		case <-ended:
			if where == unanswered {
				return
			}
		default:
		}
		if _, err := client.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// send passes on what the client says.
func (c *cutter) send(client, server net.Conn, where place, ended chan struct{}) {
	var sent int
	var tail []byte
	buffer := make([]byte, 32<<10)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		if sent += n; where == amidst && sent > amid {
			return
		}
		tail = append(tail, buffer[:n]...)
		if ended != nil && bytes.Contains(tail, []byte("\r\n.\r\n")) {
			close(ended)
			ended = nil
		}
		tail = tail[max(0, len(tail)-4):]
		if _, err := server.Write(buffer[:n]); err != nil {
			return
		}
	}
}
