package telemetry

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// distrust are the words of the TLS alerts by which a client says that it does
// not trust the certificate (RFC 8446 section 6.2: 42, 46 and 48), as crypto/tls
// has them. It offers neither their type nor their numbers.
var distrust = []string{"bad certificate", "unknown certificate", "unknown certificate authority"}

// HandshakeFailed notes a TLS handshake that failed, where it was for the
// certificate.
func (t *Telemetry) HandshakeFailed(remote netip.Addr, err error) {
	var op *net.OpError
	if t == nil || !errors.As(err, &op) || op.Op != "remote error" {
		return
	}
	if said := strings.TrimPrefix(op.Err.Error(), "tls: "); slices.Contains(distrust, said) {
		t.habits.Distrusted(remote, said)
	}
}
