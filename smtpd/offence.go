package smtpd

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"letterbox/accept"
	"letterbox/mailauth"
)

// An offence is something that good peers do seldom.
type offence struct {
	name  string // for the log and telemetry
	limit func(Hourly) int
	level func(*record) *level
}

var (
	// offenceUnknown is to ask for a recipient that nobody here is: who does that
	// again and again harvests addresses.
	offenceUnknown = &offence{"unknown_user", func(h Hourly) int { return h.Unknown }, func(r *record) *level { return &r.unknown }}
	// offenceMistake is a command against the protocol, or mail for elsewhere.
	offenceMistake = &offence{"mistakes", func(h Hourly) int { return h.Mistakes }, func(r *record) *level { return &r.mistakes }}
)

// offenceIn is the one that a reply answers, nil for none. Replies to a message
// tell of its content, which a good peer may only have passed on.
func offenceIn(verb string, r *reply) *offence {
	switch {
	case r.code < 500:
		return nil
	case verb == "RCPT" && r.enhanced == unknownRecipient:
		return offenceUnknown
	case strings.HasPrefix(r.enhanced, "5.5."), verb == "RCPT" && r.enhanced == notOurs:
		return offenceMistake
	}
	return nil
}

// isStranger reports whether the peer's conduct counts: not that of users, and not
// that of the house's own machines. Behind some routers and containers everybody
// has one private address, and nobody is to suffer for the others there.
func (s *session) isStranger() bool {
	return !s.door.submit && s.peer.IsValid() && !s.peer.IsLoopback() && !s.peer.IsPrivate() &&
		!s.peer.IsLinkLocalUnicast() && !isAmong(s.srv.cfg.Trusted, s.peer)
}

func isAmong(networks []netip.Prefix, a netip.Addr) bool {
	for _, n := range networks {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// admit refuses a peer that is turned away for now.
func (s *session) admit() error {
	if !s.isStranger() {
		return nil
	}
	if until, barred := s.srv.conduct.barred(accept.Network(s.peer)); barred {
		return s.turnedAway(until)
	}
	return nil
}

// turnedAway is temporary: the peer may be innocent, and comes again.
func (s *session) turnedAway(until time.Time) error {
	minutes := int(until.Sub(s.srv.cfg.Now())/time.Minute) + 1
	return refuse(421, "4.7.0", "too much went wrong with mail from your address; try again in %d minutes", minutes)
}

// mayBring counts a message that a peer begins.
func (s *session) mayBring() error { return s.within(s.srv.conduct.message, "brings more messages") }

// mayName counts a recipient that a peer names.
func (s *session) mayName() error { return s.within(s.srv.conduct.recipient, "names more recipients") }

// within counts with one of the levels, and puts the peer off when that is full.
func (s *session) within(counts func(netip.Prefix) bool, does string) error {
	if !s.isStranger() || counts(accept.Network(s.peer)) {
		return nil
	}
	s.log.Info("peer put off", "reason", does+" than an hour may have")
	s.srv.cfg.Telemetry.Refused("rate")
	return refuse(450, "4.7.1", "your address %s than this server takes in an hour; try again later", does)
}

// suffer lets a peer wait for the reply to an offence, for longer each time, and
// turns it away when there were too many. It fails when the session is over.
func (s *session) suffer(ctx context.Context, verb string, r *reply) error {
	o := offenceIn(verb, r)
	if o == nil || !s.isStranger() {
		return nil
	}
	peer, limit := accept.Network(s.peer), o.limit(s.srv.cfg.Limits.Hourly)
	times := s.srv.conduct.offend(peer, o)
	free := limit / 4
	if times <= free || s.isWelcome(ctx, peer) {
		return nil
	}
	if times < limit {
		return s.holdBack(ctx, pauseAfter(times-free, s.srv.cfg.Timeouts.Tarpit))
	}
	until, begins := s.srv.conduct.bar(peer)
	if begins {
		s.log.Warn("peer turned away for a while", "reason", o.name, "times", times, "until", until)
		s.srv.cfg.Telemetry.Barred(o.name)
		if o == offenceUnknown {
			s.srv.cfg.Telemetry.Habits().Harvested(s.peer, times)
		}
	}
	return s.turnedAway(until)
}

// pauseAfter doubles from one second, up to a limit.
func pauseAfter(times int, most time.Duration) time.Duration {
	return min(time.Second<<min(times-1, 20), most)
}

// isWelcome reports whether people here want the mail of the peer, or of the domain
// that it shows to send for: then dead addresses on a mailing list are no harvest.
func (s *session) isWelcome(ctx context.Context, peer netip.Prefix) bool {
	if s.srv.conduct.vouched(peer) {
		return true
	}
	welcome, err := s.askWhoseItIs(ctx)
	if err != nil {
		s.log.WarnContext(ctx, "nobody knows whether the peer is welcome", "error", err)
		return true // the fault is ours
	}
	if welcome {
		s.srv.conduct.vouch(peer)
	}
	return welcome
}

func (s *session) askWhoseItIs(ctx context.Context) (bool, error) {
	filter := s.srv.cfg.Queue.Delivery.Junk
	if welcome, err := filter.WelcomeNetwork(ctx, s.peer); welcome || err != nil {
		return welcome, err
	}
	if s.mail == nil || s.mail.sender == "" || s.srv.cfg.Verifier == nil {
		return false, nil
	}
	_, domain, _ := strings.Cut(s.mail.sender, "@")
	if welcome, err := filter.WelcomeDomain(ctx, domain); !welcome || err != nil {
		return false, err
	}
	spf := s.srv.cfg.Verifier.CheckSPF(ctx, mailauth.Session{Remote: s.peer, Helo: s.helo, Sender: s.mail.sender})
	return spf.Result == mailauth.Pass, nil
}

// maxHeldBack sessions wait at a time: they take room that others need.
const maxHeldBack = 100

// holdBack waits. Whoever would be one too many has to leave instead.
func (s *session) holdBack(ctx context.Context, pause time.Duration) error {
	if pause <= 0 {
		return nil
	}
	if s.srv.heldBack.Add(1) > maxHeldBack {
		s.srv.heldBack.Add(-1)
		return refuse(421, "4.7.0", "too much went wrong; try again later")
	}
	defer s.srv.heldBack.Add(-1)
	s.srv.cfg.Telemetry.HeldBack()
	if err := s.w.Flush(); err != nil { // what was answered before need not wait
		return fmt.Errorf("answer: %w", err)
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.stopping:
	case <-ctx.Done():
	}
	return nil
}
