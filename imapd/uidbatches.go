package imapd

import (
	"context"
	"strconv"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
)

// Bounds of UIDBATCHES: a client that asks for less in a batch, or for more of
// them, is better off with SEARCH.
const (
	minBatch   = 500
	maxBatches = 10_000
)

// uidBatches runs UIDBATCHES (draft-ietf-mailmaint-imap-uidbatches): ranges of
// uids, the latest first, with as many messages in each as the client wants to
// handle at once. They leave no uid out, so that they stay true when messages
// go.
func uidBatches(_ context.Context, s *session, d *wire.Decoder, c *call) error {
	d.SP()
	size := d.Number()
	first, last, some := uint32(1), uint32(maxBatches), d.Accept(' ')
	if some {
		first = d.Number()
		d.Expect(':')
		last = d.Number()
	}
	if err := d.End(); err != nil {
		return err
	}
	switch {
	case first == 0 || last < first || size == 0:
		return &reply{imap.StatusResponseTypeBad, "CLIENTBUG", "batches count from 1, the lower number first"}
	case size < minBatch:
		return no("TOOSMALL", "a batch has %d messages at least", minBatch)
	case last-first >= maxBatches:
		return no("TOOMANY", "ask for %d batches at most", maxBatches)
	}
	s.enc.Text(`* UIDBATCHES (TAG "` + c.tag + `")`)
	separator := " "
	for n := first; n <= last; n++ {
		high, low, ok := batch(s.sel.uids, int64(size), int64(n))
		if !ok {
			break
		}
		s.enc.Text(separator + strconv.FormatUint(uint64(high), 10) + ":" + strconv.FormatUint(uint64(low), 10))
		separator = ","
	}
	s.enc.CRLF()
	return nil
}

// batch returns the nth batch of a size from the end of uids.
func batch(uids []imap.UID, size, n int64) (high, low imap.UID, ok bool) {
	end := int64(len(uids)) - (n-1)*size
	if end <= 0 {
		return 0, 0, false
	}
	high, low = uids[len(uids)-1], 1
	if n > 1 {
		high = uids[end] - 1 // below the batch before
	}
	if end > size {
		low = uids[end-size]
	}
	return high, low, true
}
