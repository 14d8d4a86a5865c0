package delivery

import (
	"errors"
	"fmt"
	"strings"
)

// ErrLoop says that a message has been here before.
var ErrLoop = errors.New("mail goes round in circles")

// maxHops is how many Received fields a message may bring: RFC 5321 section 6.3
// asks for 100 at least.
const maxHops = 100

// checkLoop fails with ErrLoop when a message was delivered to one of the
// addresses before, as our own line in its header says, or has come too far.
func checkLoop(raw []byte, addresses []string) error {
	hops := 0
	for f := range headerFields(raw) {
		switch {
		case f.is("Received"):
			if hops++; hops > maxHops {
				return fmt.Errorf("%w: more than %d Received fields", ErrLoop, maxHops)
			}
		case f.is("Delivered-To"):
			been := strings.TrimSpace(string(f.value))
			for _, address := range addresses {
				if strings.EqualFold(address, been) {
					return fmt.Errorf("%w: it was delivered to %s before", ErrLoop, address)
				}
			}
		}
	}
	return nil
}

// DeliveredBefore reports whether a line in the header says that the message was at an
// address.
func DeliveredBefore(raw []byte, address string) bool {
	for f := range headerFields(raw) {
		if f.is("Delivered-To") && strings.EqualFold(strings.TrimSpace(string(f.value)), address) {
			return true
		}
	}
	return false
}

// CheckForward is Deliver's check for a message that leaves again, by way of
// addresses of ours. It fails with ErrLoop.
func CheckForward(raw []byte, by []string) error { return checkLoop(raw, by) }
