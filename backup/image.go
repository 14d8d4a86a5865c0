package backup

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"letterbox/database"
)

// The database is cut into chunks of chunkSize, two of its pages. A chunk that
// is as it was in the last snapshot is taken from there. Indexes of hashes change a
// page here and a page there: of larger chunks more would be written for nothing,
// of smaller ones more must be remembered.
//
// While the read transaction is open only changed chunks are copied, to a scratch
// file: nothing then waits for a target.
const chunkSize = 8 << 10

// readAhead is how many chunks are read before they are compared.
const readAhead = 64

// A digest tells whether a chunk was changed.
type digest [16]byte

func digestOf(chunk []byte) digest {
	sum := sha256.Sum256(chunk)
	return digest(sum[:])
}

// An image is a copy of the database at one commit.
type image struct {
	size    int64
	chunks  []chunk
	counts  map[string]int64
	changed *os.File // the bytes of changed chunks, one behind the other
}

// A chunk is changed when its place is empty.
type chunk struct {
	digest digest
	place  Extent // of the last snapshot
}

func (c *chunk) changed() bool { return c.place.Length == 0 }

// capture copies what changed since the last snapshot.
func (k *Keeper) capture(ctx context.Context, last []chunk) (*image, error) {
	scratch, err := k.scratchFile()
	if err != nil {
		return nil, fmt.Errorf("copy the database: %w", err)
	}
	if err := k.roomForImage(last); err != nil {
		return nil, errors.Join(fmt.Errorf("copy the database: %w", err), scratch.Close())
	}
	i := &image{changed: scratch}
	w := bufio.NewWriterSize(scratch, 256<<10)
	err = k.source.DB.Image(ctx, func(c *database.Conn) (err error) {
		if i.counts, err = counted(c); err != nil {
			return err
		}
		return i.read(c, last, w)
	})
	if err := errors.Join(err, w.Flush()); err != nil {
		return nil, errors.Join(fmt.Errorf("copy the database: %w", err), scratch.Close())
	}
	return i, nil
}

// roomForImage wants room for what no earlier snapshot has.
func (k *Keeper) roomForImage(last []chunk) error {
	info, err := os.Stat(filepath.Join(k.source.Folder, databasePath))
	if err != nil {
		return err
	}
	return haveRoom(k.work(), max(info.Size()-int64(len(last))*chunkSize, 0), max(k.source.Reserve, scratchReserve))
}

// scratchFile opens a file without a name, which is gone when it is closed,
// however the process ends.
func (k *Keeper) scratchFile() (*os.File, error) {
	if err := os.MkdirAll(k.work(), 0o700); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(k.work(), partPrefix)
	if err != nil {
		return nil, err
	}
	return f, os.Remove(f.Name())
}

// read takes in every page. What it reads is compared meanwhile on another
// goroutine: the transaction ends sooner, and so the WAL is free again.
func (i *image) read(c *database.Conn, last []chunk, w io.Writer) error {
	full, spare := make(chan []byte, readAhead), make(chan []byte, readAhead)
	for range readAhead {
		spare <- make([]byte, 0, chunkSize)
	}
	var comparing errgroup.Group
	comparing.Go(func() (err error) {
		for b := range full {
			if err == nil {
				err = i.compare(b, last, w)
			}
			spare <- b[:0]
		}
		return err
	})
	buffer := <-spare
	err := c.Pages(func(page []byte) error {
		if buffer = append(buffer, page...); len(buffer) >= chunkSize {
			full <- buffer
			buffer = <-spare
		}
		return nil
	})
	if len(buffer) > 0 {
		full <- buffer
	}
	close(full)
	return errors.Join(err, comparing.Wait())
}

// compare adds the next chunk, and copies it unless it is as it was.
func (i *image) compare(b []byte, last []chunk, w io.Writer) error {
	one := chunk{digest: digestOf(b)}
	if n := len(i.chunks); n < len(last) && last[n].digest == one.digest && last[n].place.Length == int64(len(b)) {
		one.place = last[n].place
	}
	i.size += int64(len(b))
	i.chunks = append(i.chunks, one)
	if !one.changed() {
		return nil
	}
	_, err := w.Write(b)
	return err
}

// store writes the changed chunks and returns the file as the manifest has it.
func (i *image) store(u *upload) (File, error) {
	if _, err := i.changed.Seek(0, io.SeekStart); err != nil {
		return File{}, err
	}
	r := bufio.NewReaderSize(i.changed, 256<<10)
	bundle, members := u.buffer(), []int{}
	flush := func() error {
		if len(bundle) == 0 {
			return nil
		}
		size := int64(len(bundle))
		name, err := u.put(bundle)
		if err != nil {
			return err
		}
		for _, n := range members {
			i.chunks[n].place.Bundle, i.chunks[n].place.Size = name, size
		}
		bundle, members = u.buffer(), members[:0]
		return nil
	}
	for n := range i.chunks {
		if !i.chunks[n].changed() {
			continue
		}
		length := min(chunkSize, i.size-int64(n)*chunkSize)
		i.chunks[n].place = Extent{Offset: int64(len(bundle)), Length: length}
		members = append(members, n)
		bundle = bundle[:int64(len(bundle))+length]
		if _, err := io.ReadFull(r, bundle[int64(len(bundle))-length:]); err != nil {
			return File{}, fmt.Errorf("read the copy of the database: %w", err)
		}
		if len(bundle)+chunkSize > bundleSize {
			if err := flush(); err != nil {
				return File{}, err
			}
		}
	}
	return File{Path: databasePath, Size: i.size}, flush()
}

// extents joins chunks that lie side by side.
func (i *image) extents() (list []Extent) {
	for _, c := range i.chunks {
		if n := len(list); n > 0 && list[n-1].Bundle == c.place.Bundle && list[n-1].Offset+list[n-1].Length == c.place.Offset {
			list[n-1].Length += c.place.Length
			continue
		}
		list = append(list, c.place)
	}
	return list
}

// usable marks the chunks of the last snapshot as changed that cannot be referred
// to again: their bundle must be there, and still in use for at least half of it.
// One that is mostly superseded would otherwise be kept for a few chunks for ever.
func usable(last []chunk, there func(Name) bool) []chunk {
	used := map[Name]int64{}
	for _, c := range last {
		used[c.place.Bundle] += c.place.Length
	}
	for n, c := range last {
		if !there(c.place.Bundle) || 2*used[c.place.Bundle] < c.place.Size {
			last[n].place = Extent{}
		}
	}
	return last
}
