package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// letterbox is this program, built from the tree, in a folder of its own.
type letterbox struct {
	process
	binary string
	smtp   string
}

func newLetterbox(dir string) (*letterbox, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	l := &letterbox{process: process{dir: filepath.Join(dir, "data")}, binary: filepath.Join(dir, "letterbox")}
	build := exec.Command("go", "build", "-o", l.binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w: %s", err, out)
	}
	for _, address := range []*string{&l.plain, &l.tls, &l.smtp} {
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		*address = fmt.Sprintf("127.0.0.1:%d", port)
	}
	if err := l.command("", "domain", "add", domain); err != nil {
		return nil, err
	}
	for n := range users {
		if err := l.command(password+"\n", "user", "add", userName(n)); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func (l *letterbox) Name() string { return "Letterbox" }

func (l *letterbox) SMTP() string { return l.smtp }

// Settle waits for the indexer.
func (l *letterbox) Settle(ctx context.Context) { calm(ctx, l, 5*time.Minute) }

func (l *letterbox) command(stdin string, args ...string) error {
	cmd := exec.Command(l.binary, append([]string{"--data", l.dir}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("letterbox %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}

func (l *letterbox) Start(ctx context.Context) error {
	args := []string{"--data", l.dir}
	for _, key := range []string{
		"listen.imap=" + l.plain, "listen.imaps=" + l.tls,
		"listen.smtp=" + l.smtp, "smtp.max_connections_per_address=1000", "listen.submission=", "listen.submissions=", "listen.http=", "listen.https=", "listen.metrics=",
		"imap.plaintext_loopback=true", "doctor.every=0s", "imap.max_connections=20000",
		"snapshot.schedule=never", "snapshot.target=" + filepath.Join(filepath.Dir(filepath.Dir(l.dir)), "snapshots"),
		"imap.max_connections_per_address=20000", "imap.max_connections_per_user=20000",
	} {
		args = append(args, "--set", key)
	}
	return l.launch(ctx, l.binary, append(args, "serve")...)
}

func (l *letterbox) Disk() (body, rest int64) {
	return diskUsage(filepath.Join(l.dir, "blobs"), func(string) bool { return true }),
		diskUsage(l.dir, func(name string) bool { return strings.HasPrefix(name, "letterbox.db") })
}

// searchIndex is what the full-text indexes take, which can be rebuilt.
func (l *letterbox) searchIndex() int64 {
	return diskUsage(filepath.Join(l.dir, "search"), func(string) bool { return true })
}

// Profile samples the serving process with perf until stop is called; the binary
// carries its symbols.
func (l *letterbox) Profile(file string) (stop func(), err error) {
	perf := exec.Command("perf", "record", "-q", "-g", "-F", "2000", "-o", file, "-p", fmt.Sprint(l.Root()))
	if err := perf.Start(); err != nil {
		return nil, err
	}
	time.Sleep(300 * time.Millisecond) // until it samples
	return func() {
		perf.Process.Signal(os.Interrupt) // perf writes its file then
		perf.Wait()
	}, nil
}
