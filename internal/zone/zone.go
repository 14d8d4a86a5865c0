// Package zone is a name server for tests: it serves on loopback what the test
// wrote, by UDP and TCP.
package zone

import (
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// Zone answers for the records that it was given and says of everything else
// that it does not exist.
type Zone struct {
	Addr string // HOST:PORT, for resolver.Resolver

	mu       sync.Mutex
	records  map[string][]dns.RR // by name in lower case
	secure   map[string]bool     // names whose answers count as validated
	failing  map[string]bool     // names that are answered with SERVFAIL
	mute     map[string]bool     // names that are not answered at all
	asked    map[string]int      // questions by "name TYPE"
	truncate bool
}

// Serve starts a zone that holds the records, one a line as in a zone file. It
// ends with the test.
func Serve(t testing.TB, records string) *Zone {
	t.Helper()
	z := &Zone{
		records: map[string][]dns.RR{}, secure: map[string]bool{},
		failing: map[string]bool{}, mute: map[string]bool{}, asked: map[string]int{},
	}
	z.Add(t, records)
	packets, streams := listen(t)
	z.Addr = packets.LocalAddr().String()
	for _, server := range []*dns.Server{{PacketConn: packets, Handler: z}, {Listener: streams, Handler: z}} {
		started := make(chan struct{})
		server.NotifyStartedFunc = func() { close(started) }
		server.TsigSecret = map[string]string{UpdateKey: UpdateSecret}
		server.MsgAcceptFunc = func(dns.Header) dns.MsgAcceptAction { return dns.MsgAccept } // UPDATE too
		go server.ActivateAndServe()
		<-started
		t.Cleanup(func() { server.Shutdown() })
	}
	return z
}

// listen finds a port that is free for both UDP and TCP.
func listen(t testing.TB) (net.PacketConn, net.Listener) {
	t.Helper()
	for tries := 1; ; tries++ {
		packets, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		streams, err := net.Listen("tcp", packets.LocalAddr().String())
		if err == nil {
			return packets, streams
		}
		packets.Close()
		if tries == 20 {
			t.Fatal(err)
		}
	}
}

// Add adds records.
func (z *Zone) Add(t testing.TB, records string) {
	t.Helper()
	z.mu.Lock()
	defer z.mu.Unlock()
	parser := dns.NewZoneParser(strings.NewReader(records), ".", "")
	parser.SetDefaultTTL(60)
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		name := strings.ToLower(rr.Header().Name)
		z.records[name] = append(z.records[name], rr)
	}
	if err := parser.Err(); err != nil {
		t.Fatal(err)
	}
}

// Remove removes all records of a name.
func (z *Zone) Remove(name string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	delete(z.records, canonical(name))
}

// Secure lets the answers about a name count as validated by DNSSEC.
func (z *Zone) Secure(names ...string) { z.mark(z.secure, names) }

// Fail answers questions about a name with SERVFAIL.
func (z *Zone) Fail(names ...string) { z.mark(z.failing, names) }

// Mute answers no questions about a name.
func (z *Zone) Mute(names ...string) { z.mark(z.mute, names) }

// Truncate makes UDP answers too short, so that TCP is needed.
func (z *Zone) Truncate() {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.truncate = true
}

func (z *Zone) mark(set map[string]bool, names []string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	for _, name := range names {
		set[canonical(name)] = true
	}
}

// Asked returns how often a name was asked for records of a type ("MX").
func (z *Zone) Asked(name, kind string) int {
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.asked[canonical(name)+" "+kind]
}

func canonical(name string) string { return strings.ToLower(dns.Fqdn(name)) }

// ServeDNS is that of dns.Handler.
func (z *Zone) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	if q.Opcode == dns.OpcodeUpdate {
		w.WriteMsg(z.update(w, q))
		return
	}
	if reply := z.reply(q, w.LocalAddr().Network() == "udp"); reply != nil {
		w.WriteMsg(reply)
	}
}

func (z *Zone) reply(q *dns.Msg, udp bool) *dns.Msg {
	z.mu.Lock()
	defer z.mu.Unlock()
	name, kind := strings.ToLower(q.Question[0].Name), q.Question[0].Qtype
	z.asked[name+" "+dns.TypeToString[kind]]++
	reply := new(dns.Msg).SetReply(q)
	reply.RecursionAvailable = true
	if z.mute[name] {
		return nil
	}
	if z.failing[name] {
		reply.Rcode = dns.RcodeServerFailure
		return reply
	}
	if udp && z.truncate {
		reply.Truncated = true
		return reply
	}
	reply.AuthenticatedData = z.secure[name]
	exists := false
	for hops := 0; hops < 8; hops++ {
		next := ""
		for _, rr := range z.records[name] {
			exists = true
			if rr.Header().Rrtype == kind {
				reply.Answer = append(reply.Answer, rr)
			} else if alias, ok := rr.(*dns.CNAME); ok {
				reply.Answer = append(reply.Answer, rr)
				next = strings.ToLower(alias.Target)
			}
		}
		if next == "" {
			break
		}
		name = next
	}
	if !exists {
		reply.Rcode = dns.RcodeNameError
	}
	return reply
}
