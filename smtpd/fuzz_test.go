package smtpd

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"testing"
)

// FuzzSession sends any bytes to a session that is signed in. Nothing makes it
// panic, and nothing is an internal error. What clients send in the dialogues is
// where it starts from.
func FuzzSession(f *testing.F) {
	for _, seed := range dialogueSeeds(f) {
		f.Add(seed)
	}
	h := newHouse(f)
	faults := &faultLog{}
	srv := h.server(Config{Log: slog.New(faults), Limits: Limits{Message: 1000}})
	anna, err := h.directory.User(f.Context(), annaAddress)
	check(f, err)
	f.Fuzz(func(t *testing.T, input []byte) {
		if bytes.Contains(bytes.ToUpper(input), []byte("AUTH")) {
			return // a password costs as much time as a thousand other inputs
		}
		server, client := net.Pipe()
		s := srv.newSession(server, doorSubmission, nil)
		s.private, s.user = true, anna
		var playing sync.WaitGroup
		playing.Go(func() { s.run(context.Background()) })
		playing.Go(func() { _, _ = io.Copy(io.Discard, client) })
		_, _ = client.Write([]byte("EHLO x\r\nMAIL FROM:<anna@example.org>\r\nRCPT TO:<ben@example.org>\r\n"))
		_, _ = client.Write(input)
		_ = client.Close()
		playing.Wait()
		if fault := faults.take(); fault != "" {
			t.Error(fault)
		}
	})
}

var dialogueSent = regexp.MustCompile(`(?m)^[A-Z](>>?) (.*)$`)

// dialogueSeeds returns what clients send in each dialogue.
func dialogueSeeds(f *testing.F) [][]byte {
	files, err := filepath.Glob("testdata/dialogues/*.txtar")
	check(f, err)
	var all [][]byte
	for _, file := range files {
		script, err := os.ReadFile(file)
		check(f, err)
		var sent bytes.Buffer
		for _, m := range dialogueSent.FindAllSubmatch(script, -1) {
			text := string(m[2]) + "\r\n"
			if string(m[1]) == ">>" {
				text, err = strconv.Unquote(string(m[2]))
				check(f, err)
			}
			sent.WriteString(text)
		}
		all = append(all, sent.Bytes())
	}
	return all
}

// A faultLog is a log handler that remembers errors.
type faultLog struct {
	mu    sync.Mutex
	fault string
}

func (l *faultLog) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelError }
func (l *faultLog) WithAttrs([]slog.Attr) slog.Handler               { return l }
func (l *faultLog) WithGroup(string) slog.Handler                    { return l }

func (l *faultLog) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fault = r.Message
	r.Attrs(func(a slog.Attr) bool {
		l.fault += " " + a.String()
		return true
	})
	return nil
}

func (l *faultLog) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	fault := l.fault
	l.fault = ""
	return fault
}
