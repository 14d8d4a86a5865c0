package appliance

import (
	"context"
	"debug/buildinfo"
	"io/fs"
	"os"
	"sync"
	"time"

	"letterbox/doctor"
	"letterbox/resolver"
)

// A programFile is the file that a process was started from.
type programFile struct {
	path string
	info fs.FileInfo // as it was then
}

// runningProgram is the one of this process; nil where it cannot be known.
func runningProgram() *programFile {
	path, err := os.Executable()
	if err != nil {
		return nil
	}
	return programAt(path)
}

func programAt(path string) *programFile {
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	return &programFile{path, info}
}

// replaced is the version of what is there now, if that is another file; else "". A
// package that is being installed has the file away for a moment: that says nothing.
func (p *programFile) replaced() string {
	if p == nil {
		return ""
	}
	now, err := os.Stat(p.path)
	if err != nil || os.SameFile(p.info, now) && now.Size() == p.info.Size() && now.ModTime().Equal(p.info.ModTime()) {
		return ""
	}
	info, err := buildinfo.ReadFile(p.path)
	if err != nil {
		return "another file"
	}
	return programVersion(info)
}

// askedDaily is for how long an answer about releases is good.
const askedDaily = 24 * time.Hour

// releases remembers which release is the newest, so that it is asked once a day.
type releases struct {
	mu   sync.Mutex
	name string
	at   time.Time
	last doctor.Release
}

// ask returns the newest release, by what was heard within a day or by asking.
func (r *releases) ask(ctx context.Context, names *resolver.Resolver, name string) (doctor.Release, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.name == name && time.Since(r.at) < askedDaily {
		return r.last, nil
	}
	newest, err := doctor.AskRelease(ctx, names, name)
	if err == nil {
		r.name, r.at, r.last = name, time.Now(), newest
	}
	return newest, err
}
