package appliance

import (
	"errors"
	"strings"
	"testing"
	"time"

	"letterbox/directory"
)

// Anna is removed in the first night after her time has come, with her mail.
func TestLeaversAreRemoved(t *testing.T) {
	t.Parallel()
	l := newLodging(t)
	due, err := l.Directory.Leave(t.Context(), "anna@example.org", 14*24*time.Hour)
	must(t, err)
	l.night(t, due.Add(-time.Minute))
	if _, err := l.Directory.User(t.Context(), "anna@example.org"); err != nil {
		t.Errorf("before her time: %v", err)
	}
	if said := l.night(t, due); !strings.Contains(said, "account removed, as was asked for") {
		t.Errorf("the log has %s", said)
	}
	if _, err := l.Directory.User(t.Context(), "anna@example.org"); !errors.Is(err, directory.ErrNoSuchUser) {
		t.Errorf("after her time: %v", err)
	}
	if boxes, _, err := l.Store.Mailboxes(t.Context(), l.anna); err == nil && len(boxes) > 0 {
		t.Errorf("mailboxes are left: %v", boxes)
	}
}
