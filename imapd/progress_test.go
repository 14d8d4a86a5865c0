package imapd

import (
	"bufio"
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-imap/v2"
)

// progressOf is what a client of the command hears.
func progressOf(t *testing.T, tell func(s *session) error) string {
	var out bytes.Buffer
	l, _ := newTestLink()
	defer l.unwatch()
	s := &session{link: l, sel: &selected{uids: make([]imap.UID, 200)}}
	s.enc.Attach(bufio.NewWriter(&out))
	check(t, tell(s))
	return out.String()
}

func TestProgress(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]string{
		"A1":  `* OK [INPROGRESS ("A1" 50 200)] UID SEARCH: 25 % are done` + "\r\n",
		"A]1": "* OK [INPROGRESS (NIL 50 200)] UID SEARCH: 25 % are done\r\n",
	} {
		got := progressOf(t, func(s *session) error {
			return s.tellProgress(&call{tag: tag, name: "SEARCH", uid: true}, 50, 200)
		})
		if got != want {
			t.Errorf("told %q, not %q", got, want)
		}
	}
}

// A long search tells how far it is, now and then.
func TestSearchTellsProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		got := progressOf(t, func(s *session) error {
			sc := &scan{s: s, sel: s.sel, call: &call{tag: "A1", name: "SEARCH"}, spoke: time.Now()}
			for seq := range uint32(4) {
				if err := sc.alive(t.Context(), 1+seq*40); err != nil {
					return err
				}
				time.Sleep(signOfLife / 2)
			}
			return nil
		})
		if want := `* OK [INPROGRESS ("A1" 81 200)] SEARCH: 40 % are done` + "\r\n"; got != want {
			t.Errorf("told %q, not %q", got, want)
		}
	})
}
