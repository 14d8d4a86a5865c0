package blob

import "sync"

// buffers are those of records and bodies that were read: a mailbox that is
// fetched whole would allocate its size otherwise.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// getBuffer returns n bytes of any content.
func getBuffer(n int64) []byte {
	b := *buffers.Get().(*[]byte)
	if int64(cap(b)) < n {
		b = make([]byte, n, max(n, 4<<10))
	}
	return b[:n]
}

// putBuffer takes a buffer back; large ones are left to the collector.
func putBuffer(b []byte) {
	if cap(b) > 0 && cap(b) <= 2*frameAbove {
		buffers.Put(&b)
	}
}
