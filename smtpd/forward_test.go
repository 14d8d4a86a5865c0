package smtpd

import (
	"slices"
	"testing"

	"letterbox/directory"
)

// TestForwarded passes a user's mail on, with a copy or without, and once.
func TestForwarded(t *testing.T) {
	t.Parallel()
	for name, keep := range map[string]bool{"with a copy": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			check(t, h.directory.SetForward(t.Context(), directory.Forward{Address: annaAddress, Targets: []string{"anna@far.example"}, Keep: keep}))
			caller := call(t, h.server(Config{}), doorMX, "192.0.2.1")
			defer caller.close()
			if got := caller.send("carl@example.net", annaAddress, "Subject: x\r\n\r\nx"); got != "250" {
				t.Fatalf("refused: %s", got)
			}
			if got := h.queued(t); !slices.Equal(got, []string{"carl@example.net:anna@far.example"}) {
				t.Errorf("queued: %q", got)
			}
			if got := len(h.messages(t, annaAddress, "INBOX")); (got == 1) != keep {
				t.Errorf("%d copies stay", got)
			}
		})
	}
}
