package backup

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// ioprio_set(2): the class stands above these bits, and 1 means a process or, on
// Linux, a thread.
const (
	ioprioClassShift = 13
	ioprioIdle       = 3
	ioprioWhoProcess = 1
	lowPriority      = 10
)

// unhurried runs fn on a thread that gets the disk when nobody else wants it, and
// of a busy processor a small share: not none, as a machine may be busy for hours.
// The thread ends with fn: its priority could not be raised
// again. That it cannot be lowered (a sandbox may forbid it) is no reason not to
// take a snapshot.
func unhurried(fn func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked
		_, _, _ = unix.Syscall(unix.SYS_IOPRIO_SET, ioprioWhoProcess, 0, ioprioIdle<<ioprioClassShift)
		_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), lowPriority)
		fn()
	}()
	<-done
}

// beginWriting has the disk begin with what was written, so that a flush has less
// to wait for.
func beginWriting(file *os.File) {
	_ = unix.SyncFileRange(int(file.Fd()), 0, 0, unix.SYNC_FILE_RANGE_WRITE)
}
