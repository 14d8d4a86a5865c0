package junk

import (
	"context"
	"fmt"
	"math"
	"net/netip"
	"strings"
	"sync"

	"letterbox/mailauth"
	"letterbox/message"
	"letterbox/store"
)

// Mail is a message that has come, as it is judged for each of its recipients.
type Mail struct {
	Raw      []byte
	Verdict  *mailauth.Verdict // nil when it was not checked
	Evidence Evidence          // what others said who were asked
	Remote   netip.Addr

	once     sync.Once
	sender   Sender
	features Features
	id       string // its Message-ID
}

// read looks at the message once, whoever many recipients it has.
func (m *Mail) read() {
	m.once.Do(func() {
		raw := m.Raw[:min(len(m.Raw), mostRead)]
		parsed := message.ParseHeader(raw)
		m.sender, m.id = senderOf(parsed, m.Remote, m.Verdict), parsed.MessageID
		m.features = Read(raw)
	})
}

// Points of what is not measured. See docs/junk.md for why.
const (
	pointsAlike         = 6   // nearly the same was called junk
	pointsCorrespondent = -3  // the owner wrote to them
	pointsSender        = 3   // most that the reputation of an address counts
	pointsDomain        = 1.5 // of its domain
	pointsNetwork       = 1   // of its network
	pointsForged        = 1.5 // the domain disowns it, but asks for nothing
)

// Judge says what a message is to an account. What cannot be found out counts for
// nothing: mail is never held up, or taken for junk, because something failed.
func (f *Filter) Judge(ctx context.Context, id store.AccountID, m *Mail) Judgement {
	if f == nil {
		return Judgement{}
	}
	m.read()
	t := &trial{filter: f, account: id, mail: m, j: Judgement{Threshold: f.terms.Load().Threshold}}
	t.evidence()
	known := t.reputation(ctx)
	t.content(ctx, known)
	t.exceptions(ctx)
	return t.sentence()
}

// A trial is a judgement as it comes about.
type trial struct {
	filter  *Filter
	account store.AccountID
	mail    *Mail
	j       Judgement
	decided *bool // by a reason alone
}

func (t *trial) add(name string, points float64, detail string) {
	t.j.Score += points
	t.j.Reasons = append(t.j.Reasons, Reason{name, points, detail})
}

// decide lets a reason alone decide. The last one to say so counts.
func (t *trial) decide(name string, junk bool, detail string) {
	t.add(name, 0, detail)
	t.decided, t.j.Decided = &junk, name
}

func (t *trial) failed(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		t.filter.log.WarnContext(ctx, "mail is judged without "+what, "account", int64(t.account), "error", err)
	}
}

// evidence counts what does not depend on the recipient.
func (t *trial) evidence() {
	for _, r := range t.mail.Evidence.Reasons {
		t.add(r.Name, r.Points, r.Detail)
	}
	if t.mail.Evidence.Decided != "" {
		junk := true
		t.decided, t.j.Decided = &junk, t.mail.Evidence.Decided
	}
	v := t.mail.Verdict
	switch {
	case v == nil:
	case v.DMARC.Disposition == "quarantine":
		t.decide(ReasonPolicy, true, v.DMARC.From+" asks for it: neither signed by it nor from its servers")
	case t.mail.sender.Denied && v.ARC.Result != mailauth.Pass:
		t.add(ReasonForged, pointsForged, t.mail.sender.domain()+" does not stand for it")
	}
}

// reputation counts how the sender's mail was received before, and says whether
// they are known so well that words do not count.
func (t *trial) reputation(ctx context.Context) (known bool) {
	s := t.mail.sender
	received, err := t.filter.receptions(ctx, t.account, s.names())
	t.failed(ctx, "reputations", err)
	if s.Address != "" && !s.Denied {
		written, err := t.filter.writtenTo(ctx, int64(t.account), s.Address)
		t.failed(ctx, "whom its owner writes to", err)
		mine := received[s.names()[0]]
		switch {
		case written:
			t.add(ReasonCorrespondent, pointsCorrespondent, "you write to "+s.Address)
			known = true
		case mine.wanted > 0 && mine.junk == 0:
			t.add(ReasonCorrespondent, pointsCorrespondent, fmt.Sprintf("mail of %s was called wanted (%d times)", s.Address, mine.wanted))
			known = true
		default:
			t.weigh(ReasonSender, s.Address, mine, pointsSender)
		}
	}
	if s.Verified {
		t.weigh(ReasonDomain, s.domain(), received["domain:"+s.domain()], pointsDomain)
	}
	if s.Network != "" {
		t.weigh(ReasonNetwork, s.Network, received["network:"+s.Network], pointsNetwork)
	}
	return known
}

// weigh counts a reputation: fully once it rests on a few messages.
func (t *trial) weigh(name, who string, r reception, most float64) {
	good, bad := float64(r.wanted)+float64(r.seen)/4, float64(r.junk)
	if good+bad < 1 {
		return
	}
	points := most * (bad - good) / (good + bad + 1)
	points = math.Round(points*10) / 10
	if points != 0 {
		t.add(name, points, fmt.Sprintf("%s: %d wanted, %d junk, %d seen", who, r.wanted, r.junk, r.seen))
	}
}

// content counts the words; for somebody who is known it tells them and counts
// nothing against them.
func (t *trial) content(ctx context.Context, known bool) {
	own, release, err := t.filter.learned(ctx, t.account)
	if err != nil {
		t.failed(ctx, "what was learned", err)
		return
	}
	defer release()
	shared, done, err := t.filter.learned(ctx, everybody)
	if err != nil {
		t.failed(ctx, "what all have learned", err)
		return
	}
	defer done()
	c := readContent(own.model, shared.model, t.mail.features)
	against := func(points float64) float64 {
		if known {
			return min(points, 0)
		}
		return points
	}
	if len(c.Hints) > 0 {
		t.add(ReasonContent, math.Round(against(c.Points)*10)/10, describe(c.Hints, known && c.Points > 0))
	}
	if share, found := own.alike(t.mail.features); found {
		t.add(ReasonAlike, against(pointsAlike), fmt.Sprintf("%.0f of 100 as in a message that was called junk", 100*share))
	}
	if known { // what others say who looked at nothing else
		for i, r := range t.j.Reasons {
			if r.Points > 0 && (r.Name == ReasonListed || r.Name == ReasonRspamd || r.Name == ReasonMilter || r.Name == ReasonNetwork) {
				t.j.Score -= r.Points
				t.j.Reasons[i].Points = 0
			}
		}
	}
}

// told is how many words are named with a judgement.
const told = 8

// describe names the words that said most.
func describe(hints []Hint, unheard bool) string {
	var b strings.Builder
	if unheard {
		b.WriteString("not counted against a correspondent: ")
	}
	for i, h := range hints[:min(told, len(hints))] {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s %.2f", h.Word, h.Odds)
	}
	return b.String()
}

// exceptions come last and before all: only what is dangerous is stronger.
func (t *trial) exceptions(ctx context.Context) {
	rule, err := t.filter.exception(ctx, t.account, t.mail.sender.Address)
	t.failed(ctx, "exceptions", err)
	switch {
	case rule == nil || t.j.Decided == ReasonVirus:
	case rule.Junk:
		t.decide(ReasonDenied, true, rule.Pattern)
	default:
		t.decide(ReasonAllowed, false, rule.Pattern)
	}
}

func (t *trial) sentence() Judgement {
	t.j.Score = math.Round(t.j.Score*10) / 10
	t.j.Junk = t.j.Score >= t.j.Threshold
	if t.decided != nil {
		t.j.Junk = *t.decided
	}
	return t.j
}
