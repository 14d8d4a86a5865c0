package imapd

import (
	"context"

	"letterbox/imapd/wire"
)

// subscribe runs SUBSCRIBE (RFC 9051 section 6.3.7).
func subscribe(ctx context.Context, s *session, d *wire.Decoder, _ *call) error {
	d.SP()
	name := d.Mailbox()
	if err := d.End(); err != nil {
		return err
	}
	name, err := s.subscribable(ctx, name)
	if err != nil {
		return err
	}
	s.touches(name)
	return s.srv.cfg.Store.Subscribe(ctx, s.account(), name)
}

// unsubscribe runs UNSUBSCRIBE (RFC 9051 section 6.3.8).
func unsubscribe(ctx context.Context, s *session, d *wire.Decoder, _ *call) error {
	d.SP()
	name := d.Mailbox()
	if err := d.End(); err != nil {
		return err
	}
	name, err := s.subscribable(ctx, name)
	if err != nil {
		return err
	}
	s.touches(name)
	return s.srv.cfg.Store.Unsubscribe(ctx, s.account(), name)
}

// subscribable is the name under which a mailbox is subscribed to, whosever it is
// and whether or not it exists: subscriptions are the user's own.
func (s *session) subscribable(ctx context.Context, name string) (string, error) {
	p, err := s.place(ctx, name)
	if err != nil || p.own() {
		return name, err
	}
	return p.full()
}
