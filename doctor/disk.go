package doctor

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"letterbox/finding"
	"letterbox/store"
)

// disk looks at what is free where the mail lies.
func disk(_ context.Context, p *Patient) []Result {
	a := machineThing("disk", "")
	size, free, err := store.DiskSpace(p.Folder)
	switch {
	case err != nil:
		return []Result{a.unknown("unknown", err.Error())}
	case free < p.Reserve:
		return []Result{a.red("full", finding.Bytes(free), finding.Bytes(size), finding.Bytes(p.Reserve))}
	case free < 2*p.Reserve:
		return []Result{a.amber("low", finding.Bytes(free), finding.Bytes(size), finding.Bytes(p.Reserve))}
	}
	return []Result{a.ok("fine", finding.Bytes(free), finding.Bytes(size))}
}

// folder looks at who may read the mail and the keys on this machine.
func folder(_ context.Context, p *Patient) []Result {
	a := machineThing("folder", "")
	open, err := readable(p.Folder)
	switch {
	case err != nil:
		return []Result{a.unknown("unknown", err.Error())}
	case open != "":
		return []Result{a.red("open", open, p.Folder)}
	}
	return []Result{a.ok("fine", p.Folder)}
}

// readable finds something that others than the owner may read: the folder
// itself shuts off everything in it; only where it is open, or in a mount that
// ignores modes, do the files matter. Keys matter always.
func readable(folder string) (string, error) {
	paths := []string{folder}
	keys, err := filepath.Glob(filepath.Join(folder, "tls", "*.key"))
	if err != nil {
		return "", err
	}
	for _, path := range append(paths, keys...) {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		if info.Mode().Perm()&0o077 != 0 {
			return path, nil
		}
	}
	return "", nil
}
