package trace

import (
	"net/netip"
	"sync"
	"time"
)

// Who is refused a thousand times an hour is not looking for a lost message.
// Without a limit on what is kept of each, a guesser of addresses would push out
// everybody else's history.
const (
	floodLimit    = 200 // refusals of one network in an hour that are kept
	floodNetworks = 10_000
)

// floods counts refusals of the present hour by network.
type floods struct {
	mu      sync.Mutex
	hour    int64
	network map[netip.Prefix]int
}

// permit counts a refusal; false when there were too many.
func (f *floods) permit(remote netip.Addr, at time.Time) bool {
	if !remote.IsValid() {
		return true
	}
	bits := 64
	if remote = remote.Unmap(); remote.Is4() {
		bits = 24
	}
	place, err := remote.Prefix(bits)
	if err != nil {
		return true
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if hour := at.Unix() / 3600; hour != f.hour || f.network == nil || len(f.network) >= floodNetworks {
		f.hour, f.network = hour, map[netip.Prefix]int{}
	}
	f.network[place]++
	return f.network[place] <= floodLimit
}
