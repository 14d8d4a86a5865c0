package directory

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// ticketTime is how long after the password the second factor may be shown.
const ticketTime = 10 * time.Minute

// A ticket says, in words that only the directory can write, whose password was
// shown, at which version, and until when that counts. So nothing has to be kept
// of somebody who is half signed in, and nobody comes to the second factor past
// the first.
type ticket struct {
	user, version, until int64
}

const ticketSize = 3 * 8

func (d *Directory) seal(t ticket) string {
	data := make([]byte, 0, ticketSize+keySize)
	for _, n := range []int64{t.user, t.version, t.until} {
		data = binary.BigEndian.AppendUint64(data, uint64(n))
	}
	return base64.RawURLEncoding.EncodeToString(append(data, d.hashSecret("ticket", t.user, string(data))...))
}

// unseal reports whether the ticket is one, and counts still.
func (d *Directory) unseal(sealed string) (t ticket, ok bool) {
	data, err := base64.RawURLEncoding.Strict().DecodeString(sealed)
	if err != nil || len(data) != ticketSize+keySize {
		return ticket{}, false
	}
	for i, n := range []*int64{&t.user, &t.version, &t.until} {
		*n = int64(binary.BigEndian.Uint64(data[8*i:]))
	}
	right := d.hashSecret("ticket", t.user, string(data[:ticketSize]))
	return t, hmac.Equal(data[ticketSize:], right) && d.now().Unix() < t.until
}
