package blob

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// Reader gives a record's body. ReadAt decompresses only the frames it needs.
// Safe for concurrent use only after the first read; each caller opens its own.
type Reader struct {
	store  *Store
	pack   *pack
	loc    Location
	header *header
	record []byte   // the whole record, where it is small enough to be read at once
	body   []byte   // of an unframed record, once read
	ends   []uint32 // of a framed one: where each frame ends in the payload
	frame  []byte   // the frame read last
	number int      // its number, -1 for none
}

// Open checks the record's header at loc against hash. Damage is a
// *CorruptError.
func (s *Store) Open(loc Location, hash Hash) (*Reader, error) {
	p, err := s.find(loc.Pack)
	if err != nil {
		return nil, err
	}
	if _, err := s.acquire(p); err != nil { // until Close: compaction must not take the file away
		return nil, err
	}
	r := &Reader{store: s, pack: p, loc: loc, number: -1}
	if err := r.begin(hash); err != nil {
		return nil, errors.Join(&CorruptError{Location: loc, Hash: hash, Err: err}, r.Close())
	}
	return r, nil
}

// atOnce is the size up to which a record is read with one call.
const atOnce = 128 << 10

// begin reads the header, and of a small record all the rest.
func (r *Reader) begin(hash Hash) (err error) {
	n := int64(headerSize)
	if r.loc.Length > n && r.loc.Length <= atOnce {
		n = r.loc.Length
	}
	r.record = getBuffer(n)
	if err := r.store.readPack(r.pack, r.record, r.loc.Offset); err != nil {
		return err
	}
	if r.header, err = parseHeader(r.record); err != nil {
		return err
	}
	if r.header.hash != hash || r.header.kind == note {
		return errors.New("another record lies here")
	}
	return nil
}

// corrupt wraps what is wrong with the record.
func (r *Reader) corrupt(err error) error {
	return &CorruptError{Location: r.loc, Hash: r.header.hash, Err: err}
}

// readPack fills p from an offset of a pack.
func (s *Store) readPack(pack *pack, p []byte, off int64) error {
	file, err := s.acquire(pack)
	if err != nil {
		return err
	}
	defer s.release(pack)
	n, err := file.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	return err
}

// payloadAt is the offset of the payload in the pack.
func (r *Reader) payloadAt() int64 { return r.loc.Offset + headerSize + r.header.metas }

// Size returns the size of the body.
func (r *Reader) Size() int64 { return r.header.size }

// Load reads what every read needs: a whole record, or a framed one's table.
func (r *Reader) Load() error {
	load := r.load
	if r.header.kind == framed {
		load = r.loadEnds
	}
	if err := load(); err != nil {
		return r.corrupt(err)
	}
	return nil
}

// ReadAt implements io.ReaderAt on the body.
func (r *Reader) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) && off < r.header.size {
		chunk, err := r.chunk(off)
		if err != nil {
			return n, err
		}
		copied := copy(p[n:], chunk)
		n, off = n+copied, off+int64(copied)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// chunk returns what is decompressed at an offset, as far as it goes at once.
func (r *Reader) chunk(off int64) ([]byte, error) {
	if r.header.kind == whole {
		if err := r.load(); err != nil {
			return nil, r.corrupt(err)
		}
		return r.body[off:], nil
	}
	number := int(off / frameSize)
	if number != r.number {
		if err := r.loadFrame(number); err != nil {
			return nil, r.corrupt(err)
		}
	}
	return r.frame[off%frameSize:], nil
}

var errChecksum = errors.New("checksum does not match")

// load decompresses a whole record.
func (r *Reader) load() error {
	if r.body != nil {
		return nil
	}
	payload, err := r.payload()
	if err != nil {
		return err
	}
	if crc32.Checksum(payload, castagnoli) != r.header.payloadSum {
		return errChecksum
	}
	body, err := decompress(getBuffer(r.header.size)[:0], payload, r.header.size)
	if err == nil {
		r.body = body
	}
	return err
}

// payload returns the compressed bytes of an unframed record.
func (r *Reader) payload() ([]byte, error) {
	if int64(len(r.record)) == r.header.length() {
		return r.record[headerSize+r.header.metas:], nil
	}
	payload := make([]byte, r.header.payload)
	return payload, r.store.readPack(r.pack, payload, r.payloadAt())
}

// loadFrame reads one frame of a framed record; zstd's own checksum is in it.
func (r *Reader) loadFrame(number int) error {
	if err := r.loadEnds(); err != nil {
		return err
	}
	start, end := int64(4*len(r.ends)), int64(r.ends[number])
	if number > 0 {
		start = int64(r.ends[number-1])
	}
	if start > end || end > r.header.payload || start < int64(4*len(r.ends)) {
		return errDecompress
	}
	compressed := make([]byte, end-start)
	if err := r.store.readPack(r.pack, compressed, r.payloadAt()+start); err != nil {
		return err
	}
	frame, err := decompress(nil, compressed, min(frameSize, r.header.size-int64(number)*frameSize))
	if err != nil {
		return err
	}
	r.frame, r.number = frame, number
	return nil
}

// loadEnds reads the table of frames.
func (r *Reader) loadEnds() error {
	if r.ends != nil {
		return nil
	}
	frames := (r.header.size + frameSize - 1) / frameSize
	if 4*frames > r.header.payload {
		return errDecompress
	}
	table := make([]byte, 4*frames)
	if err := r.store.readPack(r.pack, table, r.payloadAt()); err != nil {
		return err
	}
	ends := make([]uint32, frames)
	for i := range ends {
		ends[i] = binary.BigEndian.Uint32(table[4*i:])
	}
	r.ends = ends
	return nil
}

// WriteTo writes the body, a frame at a time.
func (r *Reader) WriteTo(w io.Writer) (written int64, err error) {
	for written < r.header.size {
		chunk, err := r.chunk(written)
		if err != nil {
			return written, err
		}
		n, err := w.Write(chunk)
		written += int64(n)
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

// Close lets go of the record; nothing that was read by WriteTo's writer may be
// kept. Safe to call twice.
func (r *Reader) Close() error {
	if r.pack != nil {
		r.store.release(r.pack)
	}
	putBuffer(r.record)
	putBuffer(r.body)
	r.pack, r.record, r.body, r.frame, r.ends = nil, nil, nil, nil, nil
	return nil
}

// verify reads a record and checks its checksums; of a body also the hash.
func (s *Store) verify(p *pack, at int64, h *header) error {
	r := &Reader{store: s, pack: p, loc: Location{p.number, at, h.length()}, header: h, number: -1}
	metas := make([]byte, h.metas)
	if err := s.readPack(p, metas, at+headerSize); err != nil {
		return fmt.Errorf("metas: %w", err)
	}
	if crc32.Checksum(metas, castagnoli) != h.metaSum {
		return errChecksum
	}
	if h.kind == note {
		return nil
	}
	return r.checkHash()
}
