package fault

import (
	"os"
	"path/filepath"

	"letterbox/store/blob"
)

// FS returns the operating system's file layer under the plan.
func (p *Plan) FS() blob.FS { return &folder{FS: blob.OS{}, plan: p} }

type folder struct {
	blob.FS
	plan *Plan
}

func (f *folder) OpenFile(name string, flag int, perm uint32) (blob.File, error) {
	if flag&os.O_CREATE != 0 {
		if v := f.plan.next(other); v.err != nil {
			return nil, v.err
		}
		if err := f.plan.remember(name, 0, 0); err != nil {
			return nil, err
		}
	}
	under, err := f.FS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return &packFile{File: under, name: name, plan: f.plan}, nil
}

func (f *folder) Remove(name string) error {
	if v := f.plan.next(other); v.err != nil {
		return v.err
	}
	return f.FS.Remove(name)
}

// SyncDir makes the names in a folder durable. A new file is empty then.
func (f *folder) SyncDir(dir string) error {
	if v := f.plan.next(other); v.err != nil {
		return v.err
	}
	f.plan.mu.Lock()
	defer f.plan.mu.Unlock()
	for name, changes := range f.plan.unflushed {
		if filepath.Dir(name) == filepath.Clean(dir) && len(changes) > 0 && changes[0].size < 0 {
			changes[0] = change{}
		}
	}
	return nil
}

type packFile struct {
	blob.File
	name string
	plan *Plan
}

func (f *packFile) WriteAt(b []byte, off int64) (int, error) {
	v := f.plan.next(write)
	if v.err != nil && !v.half {
		return 0, v.err
	}
	if v.half {
		b = b[:len(b)/2]
	}
	if err := f.plan.remember(f.name, off, int64(len(b))); err != nil {
		return 0, err
	}
	n, err := f.File.WriteAt(b, off)
	if err == nil {
		err = v.err
	}
	return n, err
}

func (f *packFile) Truncate(size int64) error {
	if v := f.plan.next(other); v.err != nil {
		return v.err
	}
	now, err := f.Size()
	if err != nil {
		return err
	}
	if err := f.plan.remember(f.name, size, max(0, now-size)); err != nil {
		return err
	}
	return f.File.Truncate(size)
}

func (f *packFile) Sync() error {
	if v := f.plan.next(flush); v.err != nil {
		return v.err
	}
	f.plan.flushed(f.name)
	return nil
}
