package appliance

import (
	"log/slog"
	"math"
	"os"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// What memory goes to, in bytes.
const (
	// outside is what is not Go's: the program itself, and SQLite's caches.
	outside = 28 << 20
	// shortHeap is a heap below which caches are kept small, and one password is
	// checked at a time.
	shortHeap = 160 << 20
)

// LimitMemory has the Go runtime keep to what the container or the machine gives:
// nine tenths of a cgroup's limit, half of a machine, which others use too. It
// leaves alone what GOMEMLIMIT says. The limit is one of the process, so it is
// the program that calls this and not every appliance in it.
func LimitMemory(log *slog.Logger) {
	if _, set := os.LookupEnv("GOMEMLIMIT"); set {
		return
	}
	share := 0.9
	total, err := memlimit.FromCgroup()
	if err != nil || total == 0 {
		share = 0.5
		total, err = memlimit.FromSystem()
	}
	if machine, err := memlimit.FromSystem(); err == nil && total >= machine {
		total, share = machine, 0.5 // a cgroup that is not limited says so by a huge number
	}
	if err != nil || total == 0 {
		return
	}
	limit := heapLimit(uint64(share * float64(total)))
	debug.SetMemoryLimit(limit)
	log.Debug("memory", "usable", total, "heap_limit", limit)
}

// heapLimit is what Go may have of a number of bytes.
func heapLimit(usable uint64) int64 {
	return int64(max(usable/2, usable-min(usable, outside)))
}

// memoryIsShort reports whether the process has little memory, by Go's limit.
func memoryIsShort() bool { return isShort(debug.SetMemoryLimit(-1)) }

func isShort(limit int64) bool { return limit != math.MaxInt64 && limit < shortHeap }
