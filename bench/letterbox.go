package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// letterbox is this program, built from the tree, in a folder of its own.
type letterbox struct {
	process
	binary  string
	smtp    string
	metrics string
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
	for _, address := range []*string{&l.plain, &l.tls, &l.smtp, &l.metrics} {
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

// Settle waits until everything is indexed, as the metrics tell: indexing rests
// after each step, so that a server at rest may be one that is not done.
func (l *letterbox) Settle(ctx context.Context) error {
	const patience = time.Hour
	for began := time.Now(); time.Since(began) < patience; time.Sleep(200 * time.Millisecond) {
		waiting, err := l.gauge(ctx, "letterbox_search_waiting_messages")
		if err != nil {
			return err
		}
		if waiting == 0 {
			calm(ctx, l, time.Minute)
			return ctx.Err()
		}
	}
	return fmt.Errorf("not everything is indexed after %v", patience)
}

// gauge reads one of the server's metrics.
func (l *letterbox) gauge(ctx context.Context, name string) (value float64, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+l.metrics+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			return strconv.ParseFloat(text, 64)
		}
	}
	return 0, fmt.Errorf("there is no metric %s", name)
}

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
		"listen.smtp=" + l.smtp, "smtp.max_connections_per_address=1000", "listen.submission=", "listen.submissions=", "listen.http=", "listen.https=", "listen.metrics=" + l.metrics,
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
