package imapd

import (
	"net"
	"sync"
)

// A link is a session's connection: deadlines, and waiting without a buffer.
type link struct {
	conn net.Conn
	mu   sync.Mutex
}
