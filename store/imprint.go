package store

import (
	"encoding/binary"
	"errors"
	"hash/crc32"

	"github.com/emersion/go-imap/v2"
)

// imprintVersion is the first byte of every imprint; another one is not read.
const imprintVersion = 1

var (
	errImprint = errors.New("imprint of a view is damaged")
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

// pack makes an imprint: the version, a checksum of what follows, the number of
// messages, and the columns. Three or four bytes a message where things happened
// one by one, next to none where they happened together.
func (p *picture) pack() []byte {
	b := make([]byte, 5, 16+4*len(p.uids))
	b[0] = imprintVersion
	b = binary.AppendUvarint(b, uint64(len(p.uids)))
	b = packColumn(b, p.uids)
	b = packColumn(b, p.flags)
	b = packColumn(b, p.modseqs)
	binary.BigEndian.PutUint32(b[1:], crc32.Checksum(b[5:], castagnoli))
	return b
}

// unpack reads an imprint of at most so many messages. There is room for some
// more, so that the next arrivals need no new arrays.
func (p *picture) unpack(b []byte, most int) error {
	if len(b) < 5 || b[0] != imprintVersion || crc32.Checksum(b[5:], castagnoli) != binary.BigEndian.Uint32(b[1:]) {
		return errImprint
	}
	count, used := binary.Uvarint(b[5:])
	if used <= 0 || count > uint64(most) {
		return errImprint
	}
	n := int(count)
	p.uids, p.flags, p.modseqs = make([]imap.UID, n, n+n/16), make([]Flags, n, n+n/16), make([]ModSeq, n, n+n/16)
	rest, err := unpackColumn(b[5+used:], p.uids)
	if err == nil {
		rest, err = unpackColumn(rest, p.flags)
	}
	if err == nil {
		rest, err = unpackColumn(rest, p.modseqs)
	}
	if err == nil && len(rest) > 0 {
		err = errImprint
	}
	return err
}

// packColumn writes by how much each number differs from the one before, and how
// often in a row it differs by as much.
func packColumn[N ~uint32 | ~uint64](b []byte, column []N) []byte {
	last := uint64(0)
	for i := 0; i < len(column); {
		step, times := uint64(column[i])-last, 0
		for i < len(column) && uint64(column[i])-last == step {
			last = uint64(column[i])
			i++
			times++
		}
		b = binary.AppendVarint(b, int64(step))
		b = binary.AppendUvarint(b, uint64(times))
	}
	return b
}

// unpackColumn fills a column and returns what is left.
func unpackColumn[N ~uint32 | ~uint64](b []byte, column []N) (rest []byte, err error) {
	last := uint64(0)
	for len(column) > 0 {
		step, n := binary.Varint(b)
		if n <= 0 {
			return nil, errImprint
		}
		times, m := binary.Uvarint(b[n:])
		if m <= 0 || times == 0 || times > uint64(len(column)) {
			return nil, errImprint
		}
		for i := range column[:times] {
			last += uint64(step)
			column[i] = N(last)
		}
		b, column = b[n+m:], column[times:]
	}
	return b, nil
}
