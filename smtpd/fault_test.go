package smtpd

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"letterbox/database"
	"letterbox/internal/fault"
	"letterbox/store/blob"
)

// TestStorageFails breaks every step of a delivery once, in every way. Either the
// message is accepted, and there; or the client hears that it may try again, and
// then it is accepted without anybody's help.
func TestStorageFails(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]fault.Kind{"fail": fault.Fail, "tear": fault.Tear, "full": fault.Full} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan := new(fault.Plan)
			h := newHouseOn(t, database.Options{VFS: plan.VFS(t)}, blob.Options{FS: plan.FS()})
			srv := h.server(Config{Log: slog.New(slog.DiscardHandler)})
			c := call(t, srv, doorMX, "192.0.2.1")
			defer c.close()
			c.expect("EHLO client.example.net", "250")
			refused := 0
			for step := 0; ; step++ {
				letter := fmt.Sprintf("Subject: number %d\r\n\r\nHello.\r\n", step)
				plan.Break(kind, step)
				code := sendLetter(c, letter)
				tripped := plan.Tripped()
				plan.Mend()
				switch {
				case code != "250" && code != "451" && code != "452":
					t.Fatalf("step %d: got %s", step, code)
				case code != "250" && !tripped:
					t.Fatalf("step %d: got %s, and nothing was broken", step, code)
				case code == "451" && kind == fault.Full:
					t.Errorf("step %d: a full disk is not called so", step)
				case code != "250":
					refused++
					if again := sendLetter(c, letter); again != "250" {
						t.Fatalf("step %d: got %s when all was well again", step, again)
					}
				}
				h.mustHave(t, letter)
				if !tripped {
					break
				}
			}
			if refused == 0 {
				t.Error("nothing was refused")
			}
		})
	}
}

// sendLetter sends to anna and returns the code that it ends with.
func sendLetter(c *caller, letter string) string {
	c.t.Helper()
	c.expect("RSET", "250")
	for _, line := range []string{"MAIL FROM:<carl@example.net>", "RCPT TO:<anna@example.org>"} {
		if code := c.ask(line); code != "250" {
			return code
		}
	}
	if code := c.ask("DATA"); code != "354" {
		return code
	}
	return c.ask(letter + ".")
}

// mustHave checks that the letter is in anna's INBOX, whole.
func (h *house) mustHave(t *testing.T, letter string) {
	t.Helper()
	for _, m := range h.messages(t, annaAddress, "INBOX") {
		if strings.HasSuffix(m, "\r\n"+letter) {
			return
		}
	}
	t.Fatalf("lost: %q", letter)
}
