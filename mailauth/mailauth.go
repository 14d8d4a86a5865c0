// Package mailauth judges where a message comes from and vouches for those that
// we send: SPF (RFC 7208), DKIM (RFC 6376, 8301, 8463), DMARC (RFC 7489) and ARC
// (RFC 8617).
//
// SPF evaluation is blitiri.com.ar/go/spf's and DMARC records are read by
// go-msgauth. Signatures are made and checked here: ARC needs the
// canonicalization of DKIM under other field names, which go-msgauth keeps to
// itself, and a stranger's header must not cost more than its length; the tests
// let go-msgauth check what is signed here and the other way round.
//
// What a stranger can make us do is bounded: see the limits below. Everything
// that asks the DNS ends with its context; what is not known by then is a
// temporary error, never a failure.
package mailauth

import (
	"context"
	"net/netip"
	"time"

	"golang.org/x/sync/errgroup"
	"letterbox/resolver"
)

// Limits on what one message may ask for.
const (
	maxHeader     = 512 << 10 // bytes of a header that is looked at
	maxFields     = 2000      // fields in it
	maxSignatures = 8         // DKIM signatures that are checked; the first ones
	maxSets       = 50        // of ARC (RFC 8617 section 4.2.1)
	maxSigned     = 500       // names in the h= of a signature
)

// A Result is one of RFC 8601 section 2.7.
type Result string

const (
	None      Result = "none"
	Pass      Result = "pass"
	Fail      Result = "fail"
	SoftFail  Result = "softfail"
	Neutral   Result = "neutral"
	Policy    Result = "policy"
	TempError Result = "temperror"
	PermError Result = "permerror"
)

// A Session is what SMTP said.
type Session struct {
	Remote netip.Addr
	Helo   string
	Sender string // reverse-path, "" for <>
}

// A Verdict is all that could be found out about a message.
type Verdict struct {
	SPF   SPF
	DKIM  []DKIM // by signature, in the order of the header; empty: unsigned
	DMARC DMARC
	ARC   ARC
}

// Verifier checks messages; safe for concurrent use.
type Verifier struct {
	Resolver *resolver.Resolver
	Timeout  time.Duration    // for everything together; 0: 10 s
	Now      func() time.Time // nil: time.Now
}

// Check judges a message. All methods run side by side under one deadline.
func (v *Verifier) Check(ctx context.Context, s Session, raw []byte) *Verdict {
	ctx, cancel := context.WithTimeout(ctx, v.timeout())
	defer cancel()
	m := split(raw)
	out := &Verdict{}
	var policy policyRecord
	var group errgroup.Group
	group.Go(func() error { out.SPF = v.spf(ctx, s); return nil })
	group.Go(func() error { out.DKIM = v.dkim(ctx, m); return nil })
	group.Go(func() error { out.ARC = v.arc(ctx, m); return nil })
	group.Go(func() error { policy = v.dmarcPolicy(ctx, m); return nil })
	_ = group.Wait() // the verdicts hold what went wrong
	out.DMARC = policy.judge(out.SPF, out.DKIM)
	return out
}

func (v *Verifier) timeout() time.Duration {
	if v.Timeout == 0 {
		return 10 * time.Second
	}
	return v.Timeout
}

func (v *Verifier) now() time.Time {
	if v.Now == nil {
		return time.Now()
	}
	return v.Now()
}
