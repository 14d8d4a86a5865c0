package delivery

import (
	"errors"
	"fmt"
)

// ErrForged says that a message is not from the domain that its author claims,
// and that this domain wants such mail refused.
var ErrForged = errors.New("the author's domain does not stand for this message")

// Refused says whether a message is to be refused for what was found out about it,
// with ErrForged: its author's domain asks for that (DMARC p=reject) and nothing
// about the message is that domain's. What could not be found out refuses nothing.
func (e *Envelope) Refused() error {
	if e.Verdict == nil || e.Verdict.DMARC.Disposition != "reject" {
		return nil
	}
	d := e.Verdict.DMARC
	return fmt.Errorf("%w: %s wants mail refused that neither is signed by it nor comes from its servers (DMARC)", ErrForged, d.From)
}

// Suspicious says whether a message belongs into Junk: its author's domain asks
// for that (DMARC p=quarantine).
func (e *Envelope) Suspicious() bool {
	return e.Verdict != nil && e.Verdict.DMARC.Disposition == "quarantine"
}
