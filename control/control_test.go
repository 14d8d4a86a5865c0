package control

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// start serves run in dir until stop or the test's end; stop waits for commands.
func start(t *testing.T, dir string, run Execute) (stop func()) {
	t.Helper()
	l, err := Listen(dir, "control.sock")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	server := &http.Server{
		Handler:     Handler(run),
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	go server.Serve(l)
	stop = func() {
		cancel()
		if err := server.Shutdown(context.WithoutCancel(ctx)); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return stop
}

func TestCallPassesEverything(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	start(t, dir, func(_ context.Context, args []string, stdio Stdio) int {
		in, _ := io.ReadAll(stdio.In)
		fmt.Fprintf(stdio.Out, "%q %q", args, in)
		fmt.Fprint(stdio.Err, "a warning")
		return 3
	})
	var out, warn strings.Builder
	args := []string{"user", "add", "zoë+&= \n@example.org"}
	status, err := Call(t.Context(), dir, "control.sock", args, Stdio{strings.NewReader("secret\n"), &out, &warn})
	if err != nil || status != 3 {
		t.Fatalf("status %d, error %v; want 3", status, err)
	}
	if want := fmt.Sprintf("%q %q", args, "secret\n"); out.String() != want || warn.String() != "a warning" {
		t.Errorf("out %q, err %q; want %q", out.String(), warn.String(), want)
	}
}

// TestCallStreams has the command answer each line before the next is sent.
func TestCallStreams(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	start(t, dir, func(_ context.Context, _ []string, stdio Stdio) int {
		line := make([]byte, 2)
		for {
			if _, err := io.ReadFull(stdio.In, line); err != nil {
				return 0
			}
			stdio.Out.Write(line)
		}
	})
	toIt, fromUs := io.Pipe()
	fromIt, toUs := io.Pipe()
	done := make(chan error, 1)
	go func() {
		_, err := Call(t.Context(), dir, "control.sock", nil, Stdio{toIt, toUs, io.Discard})
		done <- err
	}()
	for _, word := range []string{"a\n", "b\n", "c\n"} {
		fmt.Fprint(fromUs, word)
		got := make([]byte, 2)
		if _, err := io.ReadFull(fromIt, got); err != nil || string(got) != word {
			t.Fatalf("got %q, %v; want %q", got, err, word)
		}
	}
	fromUs.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestCommandNeedNotRead lets the command end while much is still being sent.
func TestCommandNeedNotRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	start(t, dir, func(_ context.Context, _ []string, stdio Stdio) int {
		fmt.Fprint(stdio.Err, "no such user")
		return 1
	})
	var warn bytes.Buffer
	endless := readerFunc(func(p []byte) (int, error) { return len(p), nil })
	status, err := Call(t.Context(), dir, "control.sock", nil, Stdio{endless, io.Discard, &warn})
	if status != 1 || err != nil || warn.String() != "no such user" {
		t.Errorf("status %d, error %v, text %q", status, err, warn.String())
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestCallEndsWithCaller(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ended := make(chan struct{})
	started := make(chan struct{})
	start(t, dir, func(ctx context.Context, _ []string, stdio Stdio) int {
		close(started)
		<-ctx.Done()
		close(ended)
		return 1
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-started; cancel() }()
	if _, err := Call(ctx, dir, "control.sock", nil, Stdio{strings.NewReader(""), io.Discard, io.Discard}); err == nil {
		t.Error("a cancelled call succeeded")
	}
	<-ended
}

func TestStopEndsCommands(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	started := make(chan struct{})
	stop := start(t, dir, func(ctx context.Context, _ []string, _ Stdio) int {
		close(started)
		<-ctx.Done()
		return 7
	})
	result := make(chan int, 1)
	go func() {
		status, _ := Call(t.Context(), dir, "control.sock", nil, Stdio{strings.NewReader(""), io.Discard, io.Discard})
		result <- status
	}()
	<-started
	stop()
	if got := <-result; got != 7 {
		t.Errorf("status %d; want what the command said when it was stopped", got)
	}
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	call := func() error {
		_, err := Call(t.Context(), dir, "control.sock", nil, Stdio{strings.NewReader(""), io.Discard, io.Discard})
		return err
	}
	if err := call(); !errors.Is(err, ErrNotRunning) {
		t.Errorf("without a socket: %v", err)
	}
	l, err := Listen(dir, "control.sock")
	if err != nil {
		t.Fatal(err)
	}
	l.(interface{ SetUnlinkOnClose(bool) }).SetUnlinkOnClose(false)
	l.Close() // as a crash would leave it
	if err := call(); !errors.Is(err, ErrNotRunning) {
		t.Errorf("with a dead socket: %v", err)
	}
	start(t, dir, func(context.Context, []string, Stdio) int { return 0 })
	if err := call(); err != nil {
		t.Errorf("after a restart: %v", err)
	}
}

func TestDeepFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), strings.Repeat("d", 200))
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	start(t, dir, func(context.Context, []string, Stdio) int { return 5 })
	status, err := Call(t.Context(), dir, "control.sock", nil, Stdio{strings.NewReader(""), io.Discard, io.Discard})
	if status != 5 || err != nil {
		t.Errorf("status %d, error %v", status, err)
	}
	info, err := os.Stat(filepath.Join(dir, "control.sock"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}
