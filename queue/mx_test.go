package queue

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// An mx is a mail server that takes everything, unless the test tells it
// otherwise. It keeps what it took.
type mx struct {
	t    testing.TB
	addr string

	mu          sync.Mutex
	extensions  []string
	tls         *tls.Config
	implicit    bool                     // TLS from the start
	answers     func(line string) string // "" for the usual answer, "drop" to hang up
	arrivals    []arrival
	lines       []string // that came in
	connections int
	arrived     chan struct{}
}

// An arrival is a message that the server acknowledged.
type arrival struct {
	mail       string   // the MAIL command
	rcpt       []string // the RCPT commands
	data       string
	tls        bool
	connection int
}

// to are its recipients.
func (a arrival) to() []string {
	var list []string
	for _, line := range a.rcpt {
		_, rest, _ := strings.Cut(line, "<")
		address, _, _ := strings.Cut(rest, ">")
		list = append(list, address)
	}
	return list
}

// startMX starts one on loopback; it ends with the test.
func startMX(t testing.TB) *mx {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &mx{t: t, addr: ln.Addr().String(), extensions: []string{"PIPELINING", "8BITMIME", "SMTPUTF8", "DSN", "SIZE 1000000"}, arrived: make(chan struct{}, 10_000)}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go m.serve(conn)
		}
	}()
	return m
}

// answer lets the server answer lines as fn says.
func (m *mx) answer(fn func(line string) string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.answers = fn
}

// got returns what has arrived.
func (m *mx) got() []arrival {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.arrivals)
}

// count is how many lines have begun with a word.
func (m *mx) count(word string) (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, line := range m.lines {
		if strings.HasPrefix(line, word) {
			n++
		}
	}
	return n
}

// wait waits for so many messages in all.
func (m *mx) wait(n int) []arrival {
	m.t.Helper()
	for {
		if got := m.got(); len(got) >= n {
			return got
		}
		select {
		case <-m.arrived:
		case <-time.After(20 * time.Second):
			m.t.Fatalf("%d messages arrived, want %d", len(m.got()), n)
		}
	}
}

// A dialogue is one connection.
type dialogue struct {
	*mx
	conn   net.Conn
	r      *bufio.Reader
	number int
	tls    bool
	now    arrival
}

func (m *mx) serve(conn net.Conn) {
	m.mu.Lock()
	m.connections++
	d := &dialogue{mx: m, conn: conn, number: m.connections}
	config, implicit := m.tls, m.implicit
	m.mu.Unlock()
	defer func() { d.conn.Close() }()
	if implicit {
		d.conn, d.tls = tls.Server(conn, config), true
	}
	d.r = bufio.NewReader(d.conn)
	if !d.reply("greeting", "220 mx ESMTP") {
		return
	}
	for {
		line, err := d.r.ReadString('\n')
		if err != nil || !d.handle(strings.TrimRight(line, "\r\n")) {
			return
		}
	}
}

// reply answers a line; false when the connection ends.
func (d *dialogue) reply(line, usual string) bool {
	d.mu.Lock()
	d.lines = append(d.lines, line)
	text := ""
	if d.answers != nil {
		text = d.answers(line)
	}
	d.mu.Unlock()
	if text == "" {
		text = usual
	}
	if text == "drop" {
		return false
	}
	fmt.Fprintf(d.conn, "%s\r\n", strings.ReplaceAll(text, "\n", "\r\n"))
	d.now.data = text
	return true
}

func (d *dialogue) handle(line string) bool {
	verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
	switch verb {
	case "EHLO":
		return d.reply(line, d.features())
	case "STARTTLS":
		if !d.reply(line, "220 go ahead") {
			return false
		}
		d.conn, d.tls = tls.Server(d.conn, d.mx.tls), true
		d.r = bufio.NewReader(d.conn)
		return true
	case "MAIL":
		d.now = arrival{mail: line, tls: d.tls, connection: d.number}
		return d.reply(line, "250 2.1.0 ok")
	case "RCPT":
		rcpt := d.now.rcpt
		if !d.reply(line, "250 2.1.5 ok") {
			return false
		}
		if d.now.rcpt = rcpt; strings.HasPrefix(d.now.data, "2") {
			d.now.rcpt = append(rcpt, line)
		}
		return true
	case "DATA":
		if !d.reply(line, "354 go ahead") {
			return false
		}
		return !strings.HasPrefix(d.now.data, "354") || d.data()
	case "QUIT":
		d.reply(line, "221 bye")
		return false
	case "AUTH":
		return d.reply(line, "235 2.7.0 welcome")
	}
	return d.reply(line, "250 ok")
}

func (d *dialogue) features() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := append([]string{"mx greets you"}, d.extensions...)
	if d.mx.tls != nil && !d.tls {
		list = append(list, "STARTTLS")
	}
	for i := range list {
		list[i] = "250-" + list[i]
	}
	list[len(list)-1] = strings.Replace(list[len(list)-1], "250-", "250 ", 1)
	return strings.Join(list, "\n")
}

// data reads a message.
func (d *dialogue) data() bool {
	var b strings.Builder
	for {
		line, err := d.r.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		b.WriteString(strings.TrimPrefix(line, "."))
	}
	took := d.now
	if !d.reply("message", "250 2.0.0 taken") {
		return false
	}
	if strings.HasPrefix(d.now.data, "250") {
		took.data = b.String()
		d.mu.Lock()
		d.arrivals = append(d.arrivals, took)
		d.mu.Unlock()
		d.arrived <- struct{}{}
	}
	return true
}

// certify gives the server a certificate for names, signed by the authority.
func (m *mx) certify(ca *authority, names ...string) *x509.Certificate {
	cert := ca.issue(m.t, names...)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tls = &tls.Config{Certificates: []tls.Certificate{cert}}
	return cert.Leaf
}

// An authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	cert, err := x509.ParseCertificate(der)
	must(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return &authority{cert, key, pool}
}

func (a *authority) issue(t testing.TB, names ...string) tls.Certificate {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	must(t, err)
	leaf, err := x509.ParseCertificate(der)
	must(t, err)
	return tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: key, Leaf: leaf}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return key
}
