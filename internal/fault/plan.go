// Package fault breaks storage on purpose, for tests of what keeps data: one
// Plan stands under the packs (FS) and under SQLite (VFS), counts every step
// that changes a file or makes a change durable, and lets a chosen one fail.
// Flushes are not passed on to the disk: PowerCut knows what they cover, and
// tests are quick.
//
// A Plan is safe for concurrent use.
package fault

import (
	"os"
	"sync"
	"syscall"
)

// A Kind is a way to break.
type Kind int

const (
	// Fail lets one step fail with EIO and do nothing.
	Fail Kind = iota + 1
	// Tear lets one write put down its first half and fail with EIO. A step that
	// is no write fails as with Fail.
	Tear
	// Full lets the step and all writes after it fail with ENOSPC, the first one
	// after its first half, until Mend.
	Full
	// Stop lets the step and all after it fail, until Mend: nothing reaches the
	// disk any more. What the disk holds then is what a crash at this step leaves
	// behind.
	Stop
	// Kill ends the process by SIGKILL before the step.
	Kill
)

// Plan says which step is to break, and how. The zero Plan breaks nothing.
type Plan struct {
	mu      sync.Mutex
	kind    Kind // 0 for none
	left    int  // steps to go before it
	tripped bool
	steps   int
	syncs   int

	unflushed map[string][]change // by file; see PowerCut
}

// Break breaks the nth step from now, counted from 0.
func (p *Plan) Break(kind Kind, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kind, p.left, p.tripped = kind, n, false
}

// Mend ends all trouble.
func (p *Plan) Mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kind = 0
}

// Tripped reports whether the step that Break chose was reached.
func (p *Plan) Tripped() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tripped
}

// Steps returns how many steps there were: writes, flushes, truncations, files
// made and removed.
func (p *Plan) Steps() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.steps
}

// Syncs returns how many of them were flushes of files.
func (p *Plan) Syncs() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.syncs
}

// A step is one thing done to a file.
type step int

const (
	write step = iota
	flush
	other // truncate, create, remove, flush a folder
)

// A verdict is what becomes of a step: err is nil for one that is to be done,
// and with half a write puts down its first half before it fails.
type verdict struct {
	err  error
	half bool
}

// next counts a step and says what becomes of it.
func (p *Plan) next(s step) verdict {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.steps++
	if s == flush {
		p.syncs++
	}
	if p.kind == 0 {
		return verdict{}
	}
	if p.left > 0 {
		p.left--
		return verdict{}
	}
	first := !p.tripped
	p.tripped = true
	return p.judge(s, first)
}

// judge says how the chosen step, or one after it, breaks.
func (p *Plan) judge(s step, first bool) verdict {
	switch p.kind {
	case Fail, Tear:
		half := p.kind == Tear && s == write
		p.kind = 0
		return verdict{err: syscall.EIO, half: half}
	case Full:
		if s == write {
			return verdict{err: syscall.ENOSPC, half: first}
		}
	case Stop:
		return verdict{err: syscall.EIO}
	case Kill:
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // the signal comes at once
	}
	return verdict{}
}
