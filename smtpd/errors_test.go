package smtpd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"letterbox/delivery"
	"letterbox/directory"
	"letterbox/quota"
	"letterbox/store"
)

// Each error has a reply that says whether to try again, and an enhanced code
// that says the same.
func TestErrorsToReplies(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	s := &session{log: slog.New(slog.NewTextHandler(&log, nil))}
	for _, test := range []struct {
		err  error
		want string
	}{
		{refuse(555, "5.5.4", "own"), "555 5.5.4 own"},
		{directory.ErrNotOurs, "550 5.7.1 "},
		{directory.ErrNoSuchUser, "550 5.1.1 "},
		{directory.ErrBadAddress, "553 5.1.3 "},
		{directory.ErrBadCredentials, "535 5.7.8 "},
		{&directory.ThrottledError{}, "454 4.7.0 "},
		{directory.ErrDisabled, "525 5.7.13 "},
		{directory.ErrBadResponse, "501 5.5.2 "},
		{&quota.OverError{Resource: "STORAGE", Lasting: true}, "552 5.2.2 the recipient's mailbox has no room for this message; trying again is no use"},
		{&quota.OverError{Resource: "STORAGE", Limit: 123, Wanted: 456}, "452 4.2.2 the recipient's mailbox is full; try again later"},
		{delivery.ErrLoop, "554 5.4.6 "},
		{delivery.ErrBadAuthor, "550 5.6.0 "},
		{delivery.ErrFull, "452 4.3.1 "},
		{store.ErrFull, "452 4.3.1 "},
		{syscall.ENOSPC, "452 4.3.1 "},
		{store.ErrTooLarge, "552 5.3.4 "},
		{context.Canceled, "451 4.3.2 "},
		{errors.New("secret detail"), "451 4.3.0 internal error "},
	} {
		got := s.replyTo(t.Context(), "MAIL", fmt.Errorf("while testing: %w", test.err)).String()
		if !strings.HasPrefix(got, test.want) || !wellFormed.MatchString(got) {
			t.Errorf("%v: %q", test.err, got)
		}
		if got[0] != got[4] {
			t.Errorf("%v: the codes of %q differ", test.err, got)
		}
		if strings.Contains(got, "secret") || strings.Contains(got, "123") {
			t.Errorf("%q tells too much", got)
		}
	}
	if !strings.Contains(log.String(), "secret detail") {
		t.Errorf("the log has %q", log.String())
	}
}

var wellFormed = regexp.MustCompile(`^([2-5]\d\d[- ](\d\.\d\.\d+ )?[ -~]*\r\n)+$`)

// A reply quotes strangers, but what they send does not get out of its line.
func TestRepliesAreOneLineEach(t *testing.T) {
	t.Parallel()
	r := say(250, "2.0.0", "one\r\n550 two", strings.Repeat("ä", 1000))
	if got := r.String(); !wellFormed.MatchString(got) || strings.Count(got, "\r\n") != 2 {
		t.Errorf("got %q", got)
	}
	for line := range strings.Lines(r.String()) {
		if len(line) > 512 {
			t.Errorf("a line of %d octets", len(line))
		}
	}
}
