package blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"slices"
)

// A Record is what Scan finds.
type Record struct {
	Location
	Hash Hash
	Meta []Meta
	Size int64 // of the body
	Note bool  // no body: see Item
}

// Scan calls fn for every whole record of every pack, oldest first. Damaged
// stretches are skipped to the next record that holds and reported in err,
// joined, after the scan. An error of fn ends it and is returned alone.
func (s *Store) Scan(ctx context.Context, fn func(Record) error) error {
	var damage []error
	for _, number := range s.numbers() {
		p, err := s.find(number)
		if err != nil {
			continue // compacted away meanwhile
		}
		var stop error
		err = s.walk(p, func(at int64, h *header) error {
			if stop = ctx.Err(); stop != nil {
				return stop
			}
			record, err := s.describe(p, at, h)
			if err != nil {
				damage = append(damage, err)
				return nil
			}
			stop = fn(record)
			return stop
		})
		if stop != nil {
			return stop
		}
		if err != nil {
			damage = append(damage, err)
		}
	}
	return errors.Join(damage...)
}

func (s *Store) numbers() []uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.packs))
}

// walk calls fn with each header of a pack. Behind damage it goes on with the
// next header that holds and returns a *CorruptError at the end.
func (s *Store) walk(p *pack, fn func(at int64, h *header) error) error {
	var damage []error
	s.mu.Lock()
	size := p.size
	s.mu.Unlock()
	at := int64(len(packMagic))
	for at < size {
		h, err := s.headerAt(p, at, size)
		if err != nil {
			damage = append(damage, &CorruptError{Location: Location{Pack: p.number, Offset: at}, Err: err})
			if at, err = s.resync(p, at+1, size); err != nil {
				return errors.Join(append(damage, err)...)
			}
			continue
		}
		if err := fn(at, h); err != nil {
			return err
		}
		at += h.length()
	}
	return errors.Join(damage...)
}

// headerAt reads the header of a record that ends within size.
func (s *Store) headerAt(p *pack, at, size int64) (*header, error) {
	if size-at < headerSize {
		return nil, io.ErrUnexpectedEOF
	}
	var head [headerSize]byte
	if err := s.readPack(p, head[:], at); err != nil {
		return nil, err
	}
	h, err := parseHeader(head[:])
	if err == nil && at+h.length() > size {
		return nil, io.ErrUnexpectedEOF
	}
	return h, err
}

// resync finds the next header that holds at or behind an offset; size if there
// is none.
func (s *Store) resync(p *pack, at, size int64) (int64, error) {
	buffer := make([]byte, 64<<10)
	for at < size {
		window := buffer[:min(int64(len(buffer)), size-at)]
		if err := s.readPack(p, window, at); err != nil {
			return size, err
		}
		for from := 0; ; {
			i := bytes.Index(window[from:], recordMagic)
			if i < 0 {
				break
			}
			from += i
			if _, err := s.headerAt(p, at+int64(from), size); err == nil {
				return at + int64(from), nil
			}
			from++
		}
		at += max(int64(len(window)-len(recordMagic)+1), 1)
	}
	return size, nil
}

// describe reads a record's metas.
func (s *Store) describe(p *pack, at int64, h *header) (Record, error) {
	record := Record{Location: Location{p.number, at, h.length()}, Hash: h.hash, Size: h.size, Note: h.kind == note}
	metas := make([]byte, h.metas)
	err := s.readPack(p, metas, at+headerSize)
	if err == nil && crc32.Checksum(metas, castagnoli) != h.metaSum {
		err = errChecksum
	}
	if err == nil {
		record.Meta, err = parseMetas(metas)
	}
	if err != nil {
		return record, &CorruptError{Location: record.Location, Hash: h.hash, Err: err}
	}
	return record, nil
}

// Scrub reads every record and checks every checksum and hash; bad is called
// for each that does not hold. Stretches that hold no record at all are in err,
// as with Scan.
func (s *Store) Scrub(ctx context.Context, bad func(Record, error)) error {
	return s.Scan(ctx, func(record Record) error {
		p, err := s.find(record.Pack)
		if err != nil {
			return nil // compacted away meanwhile
		}
		h, err := s.headerAt(p, record.Offset, record.Offset+record.Length)
		if err == nil {
			err = s.verify(p, record.Offset, h)
		}
		if err != nil {
			bad(record, &CorruptError{Location: record.Location, Hash: record.Hash, Err: err})
		}
		return nil
	})
}

// checkHash reads the body and compares its hash.
func (r *Reader) checkHash() error {
	sum := sha256.New()
	if _, err := r.WriteTo(sum); err != nil {
		return fmt.Errorf("body: %w", err)
	}
	if Hash(sum.Sum(nil)) != r.header.hash {
		return errors.New("hash does not match")
	}
	return nil
}
