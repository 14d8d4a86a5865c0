package main

import (
	"bytes"
	"fmt"
	"net"
	"net/textproto"
	"time"
)

// A mailer is a connection that brings mail by SMTP, with commands in one packet as
// far as they may be (RFC 2920).
type mailer struct {
	*textproto.Conn
	to string
}

// newMailer connects for mail to the n-th user.
func newMailer(address string, n int) (*mailer, error) {
	conn, err := net.DialTimeout("tcp", address, time.Minute)
	if err != nil {
		return nil, err
	}
	m := &mailer{textproto.NewConn(conn), userName(n % users)}
	if err := m.greet(); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

func (m *mailer) greet() error {
	if _, _, err := m.ReadResponse(220); err != nil {
		return err
	}
	if err := m.PrintfLine("EHLO client.example"); err != nil {
		return err
	}
	_, _, err := m.ReadResponse(250)
	return err
}

// send brings a message, and returns when it was accepted.
func (m *mailer) send(raw []byte) error {
	if err := m.PrintfLine("MAIL FROM:<sender@far.example>\r\nRCPT TO:<%s>\r\nDATA", m.to); err != nil {
		return err
	}
	for _, code := range []int{250, 250, 354} {
		if _, _, err := m.ReadResponse(code); err != nil {
			return err
		}
	}
	if _, err := m.W.Write(dotted(raw)); err != nil {
		return err
	}
	if err := m.W.Flush(); err != nil {
		return err
	}
	_, text, err := m.ReadResponse(250)
	if err != nil {
		return fmt.Errorf("not accepted: %s: %w", text, err)
	}
	return nil
}

// dotted is a message as DATA sends it (RFC 5321 section 4.5.2).
func dotted(raw []byte) []byte {
	if bytes.HasPrefix(raw, []byte(".")) {
		raw = append([]byte("."), raw...)
	}
	raw = bytes.ReplaceAll(raw, []byte("\r\n."), []byte("\r\n.."))
	return append(bytes.TrimSuffix(raw, []byte("\r\n")), "\r\n.\r\n"...)
}
