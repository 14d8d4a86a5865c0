package certificate

import (
	"bytes"
	"crypto/tls"
	"time"
)

// A Status says what is shown for one served name, for people.
type Status struct {
	Name     string    `json:"name"`
	Kind     string    `json:"kind"` // "own", "issued" or "file"
	Issuer   string    `json:"issuer"`
	NotAfter time.Time `json:"not_after"`

	// Why there is no issued one, or none that is newer; "" when all is well.
	Reason   string    `json:"reason,omitempty"`
	Failures int       `json:"failures,omitempty"`
	Since    time.Time `json:"since,omitzero"`
	NextTry  time.Time `json:"next_try,omitzero"`
}

// Status lists the served names, the host name first.
func (k *Keeper) Status() []Status {
	k.mu.Lock()
	defer k.mu.Unlock()
	shown := k.current.Load()
	var list []Status
	for _, name := range k.names {
		cert := shown.find(name, k.hostname)
		s := Status{Name: name, Kind: k.kind(cert), Issuer: cert.Leaf.Issuer.String(), NotAfter: cert.Leaf.NotAfter}
		switch tries := k.tries[name]; {
		case tries != nil:
			s.Reason, s.Failures, s.Since, s.NextTry = tries.Reason, tries.Failures, tries.Since, tries.Next
		case s.Kind == "own" && k.issuer == nil:
			s.Reason = "No certificate authority is asked (tls.authority is empty)."
		case s.Kind == "own" && !Public(name):
			s.Reason = "No authority issues certificates for a name that is not of the public DNS."
		case s.Kind == "own":
			s.Reason = "It has been asked for and is on its way."
		}
		list = append(list, s)
	}
	return list
}

// Trusted reports whether the host name has a certificate that others trust, as
// far as it is known here: one that an authority issued, not one that signed itself,
// whoever made that.
func (k *Keeper) Trusted() bool {
	leaf := k.Leaf().Leaf
	return !bytes.Equal(leaf.RawIssuer, leaf.RawSubject)
}

func (k *Keeper) kind(cert *tls.Certificate) string {
	switch {
	case cert == k.own:
		return "own"
	case k.files != nil && cert == k.files.pair:
		return "file"
	}
	return "issued"
}
