package imapd

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"

	"letterbox/store"
)

// FuzzSession sends any bytes to a session that is signed in. Nothing makes it
// panic, and nothing is an internal error. The commands of the dialogues are
// where it starts from.
func FuzzSession(f *testing.F) {
	for _, seed := range dialogueCommands(f) {
		f.Add(seed)
	}
	h := newHouse(f)
	faults := &faultLog{}
	srv := New(Config{
		Store: h.store, Directory: h.directory, Telemetry: h.telemetry, Log: slog.New(faults), PlaintextLoopback: true,
		AppendLimit: 1000, Limits: Limits{PerAddress: 100},
	})
	anna, err := h.directory.User(f.Context(), annaAddress)
	check(f, err)
	message := []byte("Subject: hello\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nHello.\r\n--x--\r\n")
	f.Fuzz(func(t *testing.T, input []byte) {
		check(t, h.store.RemoveAccount(t.Context(), store.AccountID(anna.ID)))
		check(t, h.store.EnsureAccount(t.Context(), store.AccountID(anna.ID)))
		h.message(t, annaAddress, "INBOX", store.NewMessage{Raw: message})
		server, client := net.Pipe()
		s := srv.newSession(server, nil)
		s.user = anna
		srv.limiter.signIn(anna.ID)
		s.dec.SetLimits(afterSignIn(srv.cfg.AppendLimit))
		var playing sync.WaitGroup
		playing.Go(func() { s.run(context.Background(), nil) })
		playing.Go(func() { _, _ = io.Copy(io.Discard, client) })
		_, _ = client.Write([]byte("a SELECT INBOX\r\n"))
		_, _ = client.Write(input)
		_, _ = client.Write([]byte("\r\nDONE\r\n"))
		_ = client.Close()
		playing.Wait()
		if fault := faults.take(); fault != "" {
			t.Error(fault)
		}
	})
}

var dialogueSent = regexp.MustCompile(`(?m)^[A-Z]> (.*)$`)

// dialogueCommands returns what clients send in each dialogue.
func dialogueCommands(f *testing.F) [][]byte {
	files, err := filepath.Glob("testdata/dialogues/*.txtar")
	check(f, err)
	var all [][]byte
	for _, file := range files {
		script, err := os.ReadFile(file)
		check(f, err)
		var sent bytes.Buffer
		for _, m := range dialogueSent.FindAllSubmatch(script, -1) {
			sent.Write(m[1])
			sent.WriteString("\r\n")
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
