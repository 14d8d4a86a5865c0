// Package logbook remembers the last lines of the log, for the pages that show it.
//
// A Book is in memory alone, and bounded: what was written before is where the log
// goes, to standard error. Lines are taken as they are written, by whoever writes
// them, who never waits for a reader: readers copy what they want under the lock, and
// are told that there is more by a channel that is closed.
package logbook

import (
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

// Limits on what is remembered.
const (
	maxLines = 2000
	maxBytes = 512 << 10 // of all texts together
	maxText  = 2000      // of one text
)

// A Line is one of the log. It is not changed once it is written.
type Line struct {
	Number  int64 // ascending
	At      time.Time
	Level   slog.Level
	Message string
	Facts   []Fact
}

// A Fact is what a line says beside its message.
type Fact struct{ Key, Value string }

// Fact is the first of that name, "" for none.
func (l *Line) Fact(key string) string {
	for _, f := range l.Facts {
		if f.Key == key {
			return f.Value
		}
	}
	return ""
}

// Part is which part of the appliance wrote the line, "" when it says nothing of it.
func (l *Line) Part() string {
	if server := l.Fact("server"); server != "" {
		return server
	}
	return l.Fact("part")
}

// Has reports whether the line has a text in it, whatever the case.
func (l *Line) Has(text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(strings.ToLower(l.Message), text) || slices.ContainsFunc(l.Facts, func(f Fact) bool {
		return strings.Contains(strings.ToLower(f.Key+"="+f.Value), text)
	})
}

func (l *Line) size() int {
	n := len(l.Message)
	for _, f := range l.Facts {
		n += len(f.Key) + len(f.Value)
	}
	return n
}

// A Book remembers. Its zero value is empty and ready; a nil Book stays empty.
type Book struct {
	mu    sync.Mutex
	lines []*Line // the oldest first
	bytes int
	last  int64         // number of the last line
	more  chan struct{} // closed by the next line; nil: nobody waits
}

// write remembers a line and forgets the oldest.
func (b *Book) write(l *Line) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last++
	l.Number = b.last
	b.lines, b.bytes = append(b.lines, l), b.bytes+l.size()
	for len(b.lines) > maxLines || b.bytes > maxBytes {
		b.bytes -= b.lines[0].size()
		b.lines[0], b.lines = nil, b.lines[1:]
	}
	if b.more != nil {
		close(b.more)
		b.more = nil
	}
}

// Lines are those that fit, the latest first.
func (b *Book) Lines(fits func(*Line) bool) (list []*Line) {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	all := slices.Clone(b.lines)
	b.mu.Unlock()
	for _, l := range slices.Backward(all) {
		if fits(l) {
			list = append(list, l)
		}
	}
	return list
}

// After returns the number of the last line, and a channel that is closed once there
// is one beyond number.
func (b *Book) After(number int64) (last int64, more <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.last > number {
		now := make(chan struct{})
		close(now)
		return b.last, now
	}
	if b.more == nil {
		b.more = make(chan struct{})
	}
	return b.last, b.more
}
