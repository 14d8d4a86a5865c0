package imapd

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"letterbox/imapd/wire"
	"letterbox/telemetry"
)

// idle runs IDLE (RFC 9051 section 6.3.13): the mailbox's changes are told as
// they happen, until the client says DONE.
func idle(ctx context.Context, s *session, d *wire.Decoder, _ *call) error {
	if err := d.End(); err != nil {
		return err
	}
	if s.sel != nil {
		defer s.srv.cfg.Store.Watch(s.sel.id, s.link.wake)()
	}
	s.watched.Waits(telemetry.Idles)
	s.enc.Continue("idling")
	if err := s.untilDone(ctx); err != nil {
		return ending{err}
	}
	line, err := d.Line(maxDoneLine)
	if err == nil && !strings.EqualFold(line, "DONE") {
		return bad("expected DONE")
	}
	return err
}

// maxDoneLine is room for DONE and for what is no DONE.
const maxDoneLine = 1 << 10

// untilDone tells changes until the client has sent something.
func (s *session) untilDone(ctx context.Context) error {
	end := time.Now().Add(s.srv.cfg.Timeouts.Idle)
	for {
		// Before the first wait too: something may have changed before Watch.
		if err := s.update(s.wants(messageExpunge)); err != nil {
			return err
		}
		s.tellNotified(ctx)
		if err := s.enc.Flush(); err != nil {
			return err
		}
		s.toldNews(telemetry.Idles)
		ready, err := s.await(min(s.srv.cfg.Timeouts.KeepAlive, time.Until(end)))
		switch {
		case ready:
			return nil
		case errors.Is(err, os.ErrDeadlineExceeded) && time.Now().Before(end):
			// Address translators forget connections that are quiet.
			s.enc.Text("* OK Still here\r\n")
		case err != nil:
			return err
		case s.isStopping():
			return errStopping
		}
	}
}
