package logbook

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

func all(*Line) bool { return true }

// open makes a book in front of a handler that takes warnings and worse.
func open(level slog.Level) (*Book, *slog.Logger, *bytes.Buffer) {
	b, out := &Book{}, &bytes.Buffer{}
	return b, slog.New(b.Handler(slog.NewTextHandler(out, &slog.HandlerOptions{Level: level}))), out
}

// TestLines keep what was said with them, in whatever way, and go on to where the log
// goes.
func TestLines(t *testing.T) {
	t.Parallel()
	b, log, out := open(slog.LevelInfo)
	log = log.With("server", "imap").WithGroup("peer").With("helo", "x")
	log.Warn("it broke", "error", errors.New("no room"), slog.Group("at", "port", 25), "password", "tulips", "bad", "\xff")
	log.Debug("not taken")
	lines := b.Lines(all)
	if len(lines) != 1 {
		t.Fatalf("%d lines", len(lines))
	}
	l := lines[0]
	want := "[{server imap} {peer.helo x} {peer.error no room} {peer.at.port 25} {peer.password …} {peer.bad \ufffd}]"
	if got := fmt.Sprint(l.Facts); got != want || l.Message != "it broke" || l.Level != slog.LevelWarn || l.At.IsZero() || l.Part() != "imap" {
		t.Errorf("%+v, facts\n%s, want\n%s", l, got, want)
	}
	for text, has := range map[string]bool{"BROKE": true, "no room": true, "port=25": true, "": true, "tulips": false} {
		if l.Has(text) != has {
			t.Errorf("it has %q: %t", text, !has)
		}
	}
	if !strings.Contains(out.String(), "it broke") || strings.Contains(out.String(), "not taken") {
		t.Errorf("the log is %s", out)
	}
}

// TestBounds: many lines and long ones; the latest stay.
func TestBounds(t *testing.T) {
	t.Parallel()
	b, log, _ := open(slog.LevelInfo)
	for i := range maxLines + 500 {
		log.Info("line", "number", i)
	}
	lines := b.Lines(all)
	if len(lines) != maxLines || lines[0].Fact("number") != fmt.Sprint(maxLines+499) || lines[0].Number != maxLines+500 {
		t.Errorf("%d lines, the last %+v", len(lines), lines[0])
	}
	for range maxLines {
		log.Info("line", "text", strings.Repeat("x", 10*maxText))
	}
	if lines = b.Lines(all); len(lines) > maxBytes/maxText || len(lines) < maxBytes/maxText/2 || b.bytes > maxBytes {
		t.Errorf("%d long lines, %d bytes", len(lines), b.bytes)
	}
}

// TestAfter: whoever waits hears of the next line, and of those that were missed at
// once; readers and writers side by side lose none.
func TestAfter(t *testing.T) {
	t.Parallel()
	b, log, _ := open(slog.LevelInfo)
	const writers, each = 4, 200
	var group sync.WaitGroup
	for range writers {
		group.Go(func() {
			for range each {
				log.Info("line")
			}
		})
	}
	for seen := int64(0); seen < writers*each; {
		last, more := b.After(seen)
		<-more
		if last < seen {
			t.Fatalf("%d after %d", last, seen)
		}
		seen = last
	}
	group.Wait()
	_, more := b.After(writers * each)
	select {
	case <-more:
		t.Error("more than was written")
	default:
	}
	log.Info("line")
	<-more
}

// TestNobody: a book that is not there is empty.
func TestNobody(t *testing.T) {
	t.Parallel()
	var b *Book
	if lines := b.Lines(all); lines != nil {
		t.Errorf("%v", lines)
	}
}
