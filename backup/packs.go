package backup

import (
	"fmt"

	"letterbox/store/blob"
)

// tailSize is up to which length the last stretch of a pack is written anew
// together with what was appended to it: else every hour would leave a small
// bundle behind for ever.
const tailSize = 256 << 10

// storePack writes what the target lacks of a pack and returns the file as the
// manifest has it. A pack only grows: what an earlier snapshot had of it is
// there, as long as the bundles are.
func storePack(u *upload, blobs *blob.Store, p blob.PackInfo, before File) (File, error) {
	f := File{Path: packPath(p.Number), Size: p.Size}
	for at := int64(0); at < p.Size; {
		if e, ok := kept(before, at, p.Size, u.known.has); ok {
			f.Extents = append(f.Extents, e)
			at += e.Length
			continue
		}
		length := min(bundleSize, p.Size-at, nextKept(before, at, p.Size, u.known.has)-at)
		plain := u.buffer()[:length]
		if err := blobs.ReadPack(p.Number, plain, at); err != nil {
			return f, fmt.Errorf("read pack %d: %w", p.Number, err)
		}
		name, err := u.put(plain)
		if err != nil {
			return f, err
		}
		f.Extents = append(f.Extents, Extent{name, length, 0, length})
		at += length
	}
	return f, nil
}

// kept returns the stretch of the file before that begins at an offset, if it
// can be used again.
func kept(before File, at, size int64, there func(Name) bool) (Extent, bool) {
	var begins int64
	for n, e := range before.Extents {
		if begins == at {
			growing := n == len(before.Extents)-1 && e.Length < tailSize && before.Size < size
			return e, !growing && at+e.Length <= size && there(e.Bundle)
		}
		begins += e.Length
	}
	return Extent{}, false
}

// nextKept returns where the next stretch begins that can be used again, size if
// there is none.
func nextKept(before File, at, size int64, there func(Name) bool) int64 {
	var begins int64
	for _, e := range before.Extents {
		if begins > at {
			if _, ok := kept(before, begins, size, there); ok {
				return begins
			}
		}
		begins += e.Length
	}
	return size
}

func packPath(number uint32) string { return blobFolder + "/" + blob.PackFile(number) }
