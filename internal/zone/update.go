package zone

import (
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// The key that signs what changes the zone from outside (RFC 2136, RFC 8945).
const (
	UpdateKey    = "update.zone."
	UpdateSecret = "c2VjcmV0LW9mLXRoZS16b25l"
)

// update does what a dynamic update asks, if the key signed it.
func (z *Zone) update(w dns.ResponseWriter, q *dns.Msg) *dns.Msg {
	reply := new(dns.Msg).SetReply(q)
	if q.IsTsig() == nil || w.TsigStatus() != nil {
		reply.Rcode = dns.RcodeRefused
		return reply
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	for _, rr := range q.Ns {
		z.change(rr)
	}
	reply.SetTsig(UpdateKey, dns.HmacSHA256, 300, time.Now().Unix())
	return reply
}

// change adds a record, or removes it when its class is NONE (RFC 2136 section
// 2.5).
func (z *Zone) change(rr dns.RR) {
	name := strings.ToLower(rr.Header().Name)
	if rr.Header().Class != dns.ClassNONE {
		z.records[name] = append(z.records[name], rr)
		return
	}
	gone := dns.Copy(rr)
	gone.Header().Class = dns.ClassINET
	z.records[name] = slices.DeleteFunc(z.records[name], func(kept dns.RR) bool { return dns.IsDuplicate(kept, gone) })
}

// Records counts the records of a name.
func (z *Zone) Records(name string) int {
	z.mu.Lock()
	defer z.mu.Unlock()
	return len(z.records[canonical(name)])
}
