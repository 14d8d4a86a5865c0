package blob

import (
	"cmp"
	"slices"
)

// A PackInfo says how much of a pack is durable. That much of it never changes,
// as long as the pack exists.
type PackInfo struct {
	Number uint32
	Size   int64
	Active bool // the newest: more may be appended
}

// Packs lists what there is, oldest first. A row that was committed before refers
// to what is within these sizes.
func (s *Store) Packs() []PackInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []PackInfo
	for number, p := range s.packs {
		list = append(list, PackInfo{Number: number, Size: p.size, Active: number == s.last})
	}
	slices.SortFunc(list, func(a, b PackInfo) int { return cmp.Compare(a.Number, b.Number) })
	return list
}

// ReadPack fills b from an offset of a pack, as it lies on the disk.
func (s *Store) ReadPack(number uint32, b []byte, offset int64) error {
	p, err := s.find(number)
	if err != nil {
		return err
	}
	return s.readPack(p, b, offset)
}
