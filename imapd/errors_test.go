package imapd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"syscall"
	"testing"

	"letterbox/directory"
	"letterbox/imapd/wire"
	"letterbox/quota"
	"letterbox/store"
)

func TestReplyTo(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	s := &session{log: slog.New(slog.NewTextHandler(&log, nil))}
	tests := []struct {
		command string
		err     error
		want    string // kind, code, the beginning of the text
		logged  bool
	}{
		{"NOOP", nil, "OK [] NOOP completed", false},
		{"NOOP", &wire.SyntaxError{Expected: "a number", Position: 7}, "BAD [] expected a number at byte 7", false},
		{"NOOP", &wire.LimitError{What: "literal"}, "BAD [] literal is too long", false},
		{"SELECT", store.ErrNotFound, "NO [NONEXISTENT] x: no such mailbox", false},
		{"APPEND", store.ErrNotFound, "NO [TRYCREATE] x: no such mailbox", false},
		{"COPY", store.ErrNotFound, "NO [TRYCREATE] x: no such mailbox", false},
		{"MOVE", store.ErrNotFound, "NO [TRYCREATE] x: no such mailbox", false},
		{"CREATE", store.ErrExists, "NO [ALREADYEXISTS] ", false},
		{"CREATE", store.ErrBadName, "NO [CANNOT] ", false},
		{"DELETE", store.ErrInbox, "NO [CANNOT] ", false},
		{"DELETE", store.ErrHasChildren, "NO [HASCHILDREN] ", false},
		{"CREATE", store.ErrSpecialUse, "NO [USEATTR] ", false},
		{"STORE", store.ErrTooManyKeywords, "NO [LIMIT] ", false},
		{"APPEND", store.ErrTooLarge, "NO [TOOBIG] ", false},
		{"APPEND", &quota.OverError{Resource: "STORAGE", Limit: 1, Wanted: 2}, "NO [OVERQUOTA] ", false},
		{"LOGIN", directory.ErrBadCredentials, "NO [AUTHENTICATIONFAILED] ", false},
		{"LOGIN", &directory.ThrottledError{}, "NO [UNAVAILABLE] ", false},
		{"LOGIN", directory.ErrDisabled, "NO [CONTACTADMIN] ", false},
		{"LOGIN", directory.ErrBadResponse, "BAD [] ", false},
		{"SEARCH", context.Canceled, "NO [UNAVAILABLE] server is shutting down", false},
		{"APPEND", store.ErrFull, "NO [UNAVAILABLE] the server's disk is full", true},
		{"APPEND", syscall.ENOSPC, "NO [UNAVAILABLE] the server's disk is full", true},
		{"FETCH", errors.New("secret path"), "NO [SERVERBUG] internal error ", true},
	}
	for _, test := range tests {
		log.Reset()
		err := test.err
		if err != nil {
			err = fmt.Errorf("x: %w", err)
		}
		r := s.replyTo(t.Context(), &call{name: test.command}, err)
		got := fmt.Sprintf("%s [%s] %s", r.kind, r.code, r.text)
		if !strings.HasPrefix(got, test.want) && !strings.HasPrefix(got, strings.Replace(test.want, "] ", "] x: ", 1)) {
			t.Errorf("%s: %v becomes %q, want %q", test.command, test.err, got, test.want)
		}
		if (log.Len() > 0) != test.logged {
			t.Errorf("%s: %v: logged %q", test.command, test.err, log.String())
		}
		if strings.Contains(got, "secret") {
			t.Errorf("%s: the client is told %q", test.command, got)
		}
	}
}
