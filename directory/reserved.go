package directory

import (
	"fmt"
	"slices"
	"strings"
)

// ErrReserved is about addresses that the program uses itself. It is an ErrExists.
var ErrReserved = fmt.Errorf("%w by Letterbox itself", ErrExists)

// checkReserved refuses new addresses that the program receives at or writes from:
// mail for their owner would be read as a report or a bounce, and theirs pass for one.
// Who has one from earlier keeps it.
func checkReserved(a Address) error {
	local := a.fold().Local
	own := slices.Contains([]string{reportsLocal, "mailer-daemon"}, local)
	rewritten := strings.HasPrefix(local, "srs0=") || strings.HasPrefix(local, "srs1=") // senders of what is passed on
	if own || rewritten {
		return fmt.Errorf("%s: %w; choose another one", a, ErrReserved)
	}
	return nil
}
