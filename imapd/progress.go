package imapd

import (
	"fmt"
	"strings"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
)

// tellProgress tells how far a long command is, at once (RFC 9585).
func (s *session) tellProgress(c *call, done, goal uint64) error {
	tag := `"` + c.tag + `"`
	if strings.Contains(c.tag, "]") {
		tag = "NIL" // clients take it for the end of the code
	}
	code := wire.Code(fmt.Sprintf("INPROGRESS (%s %d %d)", tag, min(done, goal), goal))
	text := fmt.Sprintf("%s: %d %% are done", c.fullName(), min(done, goal)*100/max(goal, 1))
	s.enc.Status("*", imap.StatusResponseTypeOK, code, text)
	return s.enc.Flush()
}
