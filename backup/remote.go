package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"

	"letterbox/store/blob"
)

// remotePacks are the packs of a snapshot as the file layer of package blob: what
// is read of them is fetched from the target, a bundle at a time. Nothing can be
// changed.
type remotePacks struct {
	ctx   context.Context
	repo  *Repository
	files map[string]*remoteFile // by base name
	cache bundleCache
}

var errReadOnly = errors.New("a snapshot cannot be changed")

func newRemotePacks(ctx context.Context, r *Repository, m *Manifest) *remotePacks {
	p := &remotePacks{ctx: ctx, repo: r, files: map[string]*remoteFile{}}
	for _, f := range m.Files {
		if name, ok := strings.CutPrefix(f.Path, blobFolder+"/"); ok {
			p.files[name] = newRemoteFile(p, f)
		}
	}
	return p
}

func (p *remotePacks) OpenFile(name string, flag int, _ uint32) (blob.File, error) {
	f := p.files[filepath.Base(name)]
	if f == nil {
		return nil, fmt.Errorf("%s: %w", name, os.ErrNotExist)
	}
	if flag != os.O_RDONLY {
		return nil, errReadOnly
	}
	return f, nil
}

func (p *remotePacks) ReadDir(string) (names []string, err error) {
	for name := range p.files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

func (p *remotePacks) Remove(string) error           { return errReadOnly }
func (p *remotePacks) Rename(string, string) error   { return errReadOnly }
func (p *remotePacks) SyncDir(string) error          { return nil }
func (p *remotePacks) MkdirAll(string, uint32) error { return nil }

// A remoteFile is one pack.
type remoteFile struct {
	packs  *remotePacks
	file   File
	begins []int64 // where each stretch begins
}

func newRemoteFile(p *remotePacks, f File) *remoteFile {
	r := &remoteFile{packs: p, file: f}
	var at int64
	for _, e := range f.Extents {
		r.begins = append(r.begins, at)
		at += e.Length
	}
	return r
}

func (f *remoteFile) ReadAt(b []byte, off int64) (n int, err error) {
	for n < len(b) && off < f.file.Size {
		i := sort.Search(len(f.begins), func(i int) bool { return f.begins[i] > off }) - 1
		e, within := f.file.Extents[i], off-f.begins[i]
		plain, err := f.packs.cache.get(e.Bundle, func() ([]byte, error) { return f.packs.repo.bundle(f.packs.ctx, e.Bundle) })
		if err != nil {
			return n, err
		}
		if int64(len(plain)) != e.Size {
			return n, fmt.Errorf("bundle %s: %w: it has %d of %d bytes", e.Bundle, ErrDamaged, len(plain), e.Size)
		}
		copied := copy(b[n:], plain[e.Offset+within:e.Offset+e.Length])
		n, off = n+copied, off+int64(copied)
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *remoteFile) WriteAt([]byte, int64) (int, error) { return 0, errReadOnly }
func (f *remoteFile) Truncate(int64) error               { return errReadOnly }
func (f *remoteFile) Sync() error                        { return nil }
func (f *remoteFile) Close() error                       { return nil }
func (f *remoteFile) Size() (int64, error)               { return f.file.Size, nil }

// bundleCache keeps the bundles that were used last: neighbours are read one
// after the other.
type bundleCache struct {
	mu    sync.Mutex
	names []Name // used last at the end
	plain map[Name][]byte
}

// cachedBundles is how many: at most some 8 MiB.
const cachedBundles = 4

func (c *bundleCache) get(name Name, fetch func() ([]byte, error)) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock() // held over the fetch: the next one asks for the same bundle
	if i := slices.Index(c.names, name); i >= 0 {
		c.names = append(slices.Delete(c.names, i, i+1), name)
		return c.plain[name], nil
	}
	plain, err := fetch()
	if err != nil {
		return nil, err
	}
	if c.plain == nil {
		c.plain = map[Name][]byte{}
	}
	if len(c.names) == cachedBundles {
		delete(c.plain, c.names[0])
		c.names = c.names[1:]
	}
	c.names, c.plain[name] = append(c.names, name), plain
	return plain, nil
}
