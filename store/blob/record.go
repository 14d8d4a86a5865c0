package blob

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"time"
)

// A record is: the header below, the encoded metas, the payload. All numbers
// are big-endian, all checksums CRC-32C.
//
//	 0  4  magic
//	 4  1  kind
//	 5  3  zero
//	 8 32  SHA-256 of the body
//	40  8  size of the body
//	48  8  length of the payload
//	56  4  length of the metas
//	60  4  checksum of the metas
//	64  4  checksum of the payload
//	68  4  checksum of bytes 0 to 67
const headerSize = 72

var (
	recordMagic = []byte("\xa7LBR")
	castagnoli  = crc32.MakeTable(crc32.Castagnoli)
)

// kind says what the payload is.
type kind uint8

const (
	whole  kind = iota // one zstd frame
	framed             // a table, then a zstd frame for each frameSize bytes of the body
	note               // no payload: the body is in another record
)

// Limits that a record must keep, so that lying lengths cost nothing.
const (
	maxBody = 1 << 31
	maxMeta = 64 << 20
)

// header is a record's header, decoded.
type header struct {
	kind                kind
	hash                Hash
	size                int64
	payload             int64
	metas               int64
	metaSum, payloadSum uint32
}

// length is that of the whole record.
func (h *header) length() int64 { return headerSize + h.metas + h.payload }

func (h *header) append(b []byte) []byte {
	start := len(b)
	b = append(b, recordMagic...)
	b = append(b, byte(h.kind), 0, 0, 0)
	b = append(b, h.hash[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(h.size))
	b = binary.BigEndian.AppendUint64(b, uint64(h.payload))
	b = binary.BigEndian.AppendUint32(b, uint32(h.metas))
	b = binary.BigEndian.AppendUint32(b, h.metaSum)
	b = binary.BigEndian.AppendUint32(b, h.payloadSum)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b[start:], castagnoli))
}

var errNoRecord = errors.New("no record begins here")

// parseHeader reads a header of headerSize bytes.
func parseHeader(b []byte) (*header, error) {
	if !bytes.HasPrefix(b, recordMagic) || crc32.Checksum(b[:68], castagnoli) != binary.BigEndian.Uint32(b[68:]) {
		return nil, errNoRecord
	}
	h := &header{
		kind:       kind(b[4]),
		hash:       Hash(b[8:40]),
		size:       int64(binary.BigEndian.Uint64(b[40:])),
		payload:    int64(binary.BigEndian.Uint64(b[48:])),
		metas:      int64(binary.BigEndian.Uint32(b[56:])),
		metaSum:    binary.BigEndian.Uint32(b[60:]),
		payloadSum: binary.BigEndian.Uint32(b[64:]),
	}
	if h.kind > note || h.size < 0 || h.size > maxBody || h.payload < 0 || h.payload > 2*maxBody || h.metas > maxMeta {
		return nil, fmt.Errorf("%w: impossible lengths", errNoRecord)
	}
	return h, nil
}

// encode makes a record of an item, in a buffer from getBuffer.
func encode(item Item) []byte {
	b := getBuffer(headerSize + int64(len(item.Body)/2))[:headerSize]
	for _, m := range item.Meta {
		b = appendMeta(b, m)
	}
	h := header{kind: note, hash: item.Hash, size: int64(len(item.Body)), metas: int64(len(b) - headerSize)}
	if item.Body != nil {
		h.kind, b = compress(b, item.Body)
	}
	metas, payload := b[headerSize:headerSize+h.metas], b[headerSize+h.metas:]
	h.payload = int64(len(payload))
	h.metaSum, h.payloadSum = crc32.Checksum(metas, castagnoli), crc32.Checksum(payload, castagnoli)
	h.append(b[:0])
	return b
}

// appendMeta encodes a meta: the date in seconds and minutes east of UTC, then
// each string with its length before it.
func appendMeta(b []byte, m Meta) []byte {
	_, offset := m.Received.Zone()
	b = binary.AppendVarint(b, m.Received.Unix())
	b = binary.AppendVarint(b, int64(offset/60))
	for _, s := range []string{m.Account, m.Mailbox, m.Flags, string(m.Prefix)} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return b
}

var errBadMeta = errors.New("record's description is damaged")

// parseMetas reads what appendMeta wrote, one after another.
func parseMetas(b []byte) (metas []Meta, err error) {
	for len(b) > 0 {
		var m Meta
		if m, b, err = parseMeta(b); err != nil {
			return metas, err
		}
		metas = append(metas, m)
	}
	return metas, nil
}

func parseMeta(b []byte) (m Meta, rest []byte, err error) {
	seconds, n := binary.Varint(b)
	if n <= 0 {
		return m, nil, errBadMeta
	}
	b = b[n:]
	minutes, n := binary.Varint(b)
	if n <= 0 || minutes < -24*60 || minutes > 24*60 {
		return m, nil, errBadMeta
	}
	b = b[n:]
	m.Received = time.Unix(seconds, 0).In(time.FixedZone("", int(minutes)*60))
	var prefix string
	for _, s := range []*string{&m.Account, &m.Mailbox, &m.Flags, &prefix} {
		length, n := binary.Uvarint(b)
		if n <= 0 || length > uint64(len(b)-n) {
			return m, nil, errBadMeta
		}
		*s = string(b[n : n+int(length)])
		b = b[n+int(length):]
	}
	m.Prefix = []byte(prefix)
	return m, b, nil
}
