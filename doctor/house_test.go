package doctor

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"letterbox/backup"
	"letterbox/certificate"
	"letterbox/directory"
	"letterbox/discover"
	"letterbox/internal/zone"
	"letterbox/records"
	"letterbox/resolver"
)

// tlsa is the data of the records for the key in use and the next one.
var tlsa = []string{"3 1 1 " + strings.Repeat("ab", 32), "3 1 1 " + strings.Repeat("cd", 32)}

// A house is a healthy appliance in a world of its own: a zone that says what it
// should, and servers on loopback behind addresses of the documentation (RFC
// 5737, RFC 3849). Nothing else can be reached. Its name is one that an authority
// would issue certificates for, as those of the documentation are not.
type house struct {
	*Patient
	t     *testing.T
	zone  *zone.Zone
	world map[string]string // HOST:PORT as dialled to a listener on loopback
	now   time.Time
}

func build(t *testing.T) *house {
	t.Helper()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	h := &house{t: t, world: map[string]string{}, now: now}
	settings := &discover.Settings{Hostname: "mail.example-family.org", IMAPS: 993, Submissions: 465, HTTPS: 443, PolicyMode: "testing"}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	keys := []directory.SigningKey{
		{Selector: "k1", Private: key, Created: now, Signs: now},
		{Selector: "k0", Private: key, Created: now, Signs: now, Retired: now},
	}
	list, err := records.Of("example-family.org", settings, keys)
	must(t, err)
	h.zone = zone.Serve(t, `
mail.example-family.org.  A     192.0.2.1
mail.example-family.org.  AAAA  2001:db8::1
1.2.0.192.in-addr.arpa. PTR mail.example-family.org.
1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR mail.example-family.org.
peer.example.      MX    10 mx.peer.example.
mx.peer.example.   A     192.0.2.25
_25._tcp.mail.example-family.org. TLSA `+tlsa[0]+"\n")
	var text strings.Builder
	for _, r := range list {
		if !r.Passing {
			fmt.Fprintln(&text, r)
		}
	}
	h.zone.Add(t, text.String())
	smtp := h.smtp("220 mail.example-family.org ESMTP", "550 5.7.1 we do not relay")
	h.world["192.0.2.1:25"], h.world["[2001:db8::1]:25"], h.world["192.0.2.25:25"] = smtp, smtp, smtp
	h.world["192.0.2.1:993"] = h.secure("* OK IMAP4rev2")
	h.Patient = &Patient{
		Hostname: "mail.example-family.org", Folder: private(t), Reserve: 1,
		Domains:      []Domain{{"example-family.org", list}},
		Listeners:    []Listener{{"smtp", at("192.0.2.1:25")}, {"imaps", at("192.0.2.1:993")}},
		Certificates: []certificate.Status{{Name: "mail.example-family.org", Kind: "issued", NotAfter: now.AddDate(0, 2, 0)}},
		Authority:    "letsencrypt.org", TLSA: tlsa,
		Every:   time.Hour,
		Targets: []Target{{Address: "/mnt/disk", Remote: true, Record: record(now.Add(-time.Hour)), Reach: func(context.Context) error { return nil }}},
		Sends:   true, Checked: now.Add(-9 * time.Hour), Resolver: &resolver.Resolver{Servers: []string{h.zone.Addr}, Timeout: 200 * time.Millisecond},
		Peer: "peer.example", Clock: ntpServer(t, 0), Blocklists: []string{"list.example"},
		Policy: func(context.Context, string) (string, error) {
			return "version: STSv1\r\nmode: testing\r\nmx: mail.example-family.org\r\nmax_age: 604800\r\n", nil
		},
		Version: "v1.4.2", Updates: "releases.example",
		Newest: func(context.Context, string) (Release, error) { return Release{Version: "v1.4.2"}, nil },
		Dial:   h.dial,
		Now:    func() time.Time { return now },
	}
	return h
}

// record is that of a target where all went well.
func record(taken time.Time) backup.Record {
	id := backup.ID(taken.UTC().Format("20060102T150405Z"))
	return backup.Record{Last: id, Proof: backup.Proof{Snapshot: id, At: taken.Add(time.Minute)}}
}

func at(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// dial leads into the world, and nowhere else.
func (h *house) dial(ctx context.Context, network, address string) (net.Conn, error) {
	to, known := h.world[address]
	if !known {
		return nil, errors.New("connection refused")
	}
	return (&net.Dialer{}).DialContext(ctx, network, to)
}

// listen serves each connection by fn and returns where.
func (h *house) listen(fn func(net.Conn)) string {
	h.t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(h.t, err)
	h.t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				fn(conn)
			}()
		}
	}()
	return ln.Addr().String()
}

// smtp is a server that answers RCPT with rcpt and everything else with 250.
func (h *house) smtp(greeting, rcpt string) string {
	return h.listen(func(conn net.Conn) {
		fmt.Fprintf(conn, "%s\r\n", greeting)
		for lines := bufio.NewScanner(conn); lines.Scan(); {
			answer := "250 fine"
			if strings.HasPrefix(lines.Text(), "RCPT") {
				answer = rcpt
			}
			fmt.Fprintf(conn, "%s\r\n", answer)
		}
	})
}

// secure is a server with TLS from the start.
func (h *house) secure(greeting string) string {
	keeper, err := certificate.Open(certificate.Options{Dir: h.t.TempDir(), Hostname: "mail.example-family.org"})
	must(h.t, err)
	return h.listen(func(conn net.Conn) {
		fmt.Fprintf(tls.Server(conn, keeper.Config()), "%s\r\n", greeting)
		_, _ = io.Copy(io.Discard, conn)
	})
}

// ntpServer answers that it is off later than here.
func ntpServer(t *testing.T, off time.Duration) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { conn.Close() })
	go func() {
		packet := make([]byte, 256)
		for {
			n, from, err := conn.ReadFrom(packet)
			if err != nil {
				return
			}
			if n >= 48 {
				_, _ = conn.WriteTo(ntpReply(packet[:48], time.Now().Add(off)), from)
			}
		}
	}()
	return conn.LocalAddr().String()
}

// ntpReply is RFC 5905 section 7.3's packet: the server's time in the fields
// for its reference, receipt and sending, and the client's where it wants it
// back.
func ntpReply(question []byte, now time.Time) []byte {
	reply := make([]byte, 48)
	reply[0], reply[1], reply[3] = 4<<3|4, 1, 0xEC // version 4, server; stratum 1; precision
	copy(reply[24:32], question[40:48])
	seconds := uint64(now.Unix()+2208988800)<<32 | uint64(now.Nanosecond())<<32/1e9
	for _, field := range []int{16, 32, 40} {
		for i := range 8 {
			reply[field+i] = byte(seconds >> (56 - 8*i))
		}
	}
	return reply
}

// replace puts other records in the place of all those of a name.
func (h *house) replace(name, text string) {
	h.t.Helper()
	h.zone.Remove(name)
	h.zone.Add(h.t, text)
}

// private is a folder as the appliance makes its own.
func private(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	must(t, os.Chmod(folder, 0o700))
	return folder
}
