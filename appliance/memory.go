package appliance

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// When memory is given back to the system. Go collects what a burst left behind
// (a sign-in takes 19 MiB for a moment, an import or a search more) when as much
// again has been allocated, or after two minutes, and returns it slowly: on a
// small server it is wanted elsewhere.
const (
	thriftEvery = 2 * time.Second
	thriftRest  = 32 * time.Second // when nothing happens: nobody is woken for nothing
	quietBytes  = 1 << 20          // allocated in thriftEvery by those who wait and look after things
	worthwhile  = 8 << 20          // held beyond what is in use; collecting costs a few milliseconds

	// thriftRounds are how many collections it takes: each halves the stacks that
	// have grown.
	thriftRounds = 4
)

// thrift gives memory back whenever the appliance has become quiet.
func thrift(ctx context.Context) error {
	last, rounds, wait := readHeap(), 0, thriftEvery
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		now := readHeap()
		quiet := now.isQuiet(last, wait)
		switch {
		case !quiet:
			rounds = 0
		case now.isWasteful():
			rounds = thriftRounds
		}
		wait = nextThrift(wait, quiet && rounds == 0)
		if rounds > 0 {
			debug.FreeOSMemory()
			rounds--
		}
		last = now
		timer.Reset(wait)
	}
}

// nextThrift is when to look again: ever later while there is nothing to do.
func nextThrift(wait time.Duration, idle bool) time.Duration {
	if !idle {
		return thriftEvery
	}
	return min(2*wait, thriftRest)
}

// heap is the memory of the moment, in bytes.
type heap struct {
	allocated uint64 // since the start of the process
	alive     uint64 // found in use by the last collection
	held      uint64 // beyond that, from the system
}

func readHeap() heap {
	samples := []metrics.Sample{
		{Name: "/gc/heap/allocs:bytes"},
		{Name: "/gc/heap/live:bytes"},
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/free:bytes"},
	}
	metrics.Read(samples)
	h := heap{allocated: samples[0].Value.Uint64(), alive: samples[1].Value.Uint64()}
	h.held = samples[3].Value.Uint64()
	if objects := samples[2].Value.Uint64(); objects > h.alive {
		h.held += objects - h.alive
	}
	return h
}

// isQuiet reports whether hardly anything was allocated since last, a while ago.
func (h heap) isQuiet(last heap, while time.Duration) bool {
	return h.allocated-last.allocated < quietBytes*uint64(while/thriftEvery)
}

// isWasteful reports whether there is something to give back. What many idle
// connections trickle must add up to a part of what is alive, which a collection
// has to go through.
func (h heap) isWasteful() bool { return h.held > max(worthwhile, h.alive/4) }
