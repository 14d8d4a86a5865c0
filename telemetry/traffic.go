package telemetry

import "sync/atomic"

// Traffic counts since the start what pages show by the day.
type Traffic struct {
	In      atomic.Int64 // copies of messages that reached a mailbox
	Junk    atomic.Int64 // of them, those that went to Junk
	Wronged atomic.Int64 // messages that went to Junk and were called wanted later
	Missed  atomic.Int64 // messages that went elsewhere and were called junk later
	Out     atomic.Int64 // recipients elsewhere whose server took the message
	Failed  atomic.Int64 // recipients elsewhere that were given up
	Refused atomic.Int64 // messages and recipients that were not accepted
	Exposed atomic.Int64 // attempts to sign in without encryption

	TLS13, TLS12 atomic.Int64 // connections that were encrypted
	Plain        atomic.Int64 // connections that ended without ever being encrypted
}

// Traffic is where they are counted; to be read by whoever keeps them.
func (t *Telemetry) Traffic() *Traffic {
	if t == nil {
		return &Traffic{} // counted for nobody
	}
	return &t.traffic
}
