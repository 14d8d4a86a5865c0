package junk

import "time"

// Terms are those of the Options that can be changed while a filter judges.
type Terms struct {
	Threshold float64
	Peers     []Peer
	Patience  time.Duration
	Greylist  *Greylist
}

// terms are those by which mail is judged now.
type terms struct {
	Terms
	peers []*watchedPeer
}

// Use has mail judged by other terms from now on. What is being judged ends as it
// began.
func (f *Filter) Use(t Terms) {
	if t.Threshold == 0 {
		t.Threshold = DefaultThreshold
	}
	if t.Patience == 0 {
		t.Patience = 15 * time.Second
	}
	next := &terms{Terms: t}
	for _, p := range t.Peers {
		next.peers = append(next.peers, &watchedPeer{Peer: p, now: f.now})
	}
	f.terms.Store(next)
}
