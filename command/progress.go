package command

import (
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// A progress is shown while a long command works, on a terminal only.
type progress struct{ bar *progressbar.ProgressBar } // nil: not shown

// newProgress shows how much of total is done; bytes or messages, total -1 when
// it is not known.
func newProgress(w io.Writer, what string, total int64, bytes bool) progress {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return progress{}
	}
	return progress{progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetDescription(what),
		progressbar.OptionShowBytes(bytes),
		progressbar.OptionShowCount(),
		progressbar.OptionSetWidth(30),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)}
}

// A terminal that does not take it is no reason to fail.

func (p progress) set(done int64) {
	if p.bar != nil {
		_ = p.bar.Set64(done)
	}
}

func (p progress) end() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}

func (p progress) add(done int64) {
	if p.bar != nil {
		_ = p.bar.Add64(done)
	}
}
