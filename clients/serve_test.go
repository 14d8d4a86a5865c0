package clients

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	anna     = "anna@letterbox.example"
	ben      = "ben@letterbox.example"
	password = "stamp-Ring-77-parcel"
)

// A letterbox is the program, serving, with two users.
type letterbox struct {
	t          *testing.T
	data       string
	imaps      int // ports on 127.0.0.1
	submission int
	metrics    int
	https      int      // 0: it is switched off
	settings   []string // beside those that it always gets
	env        []string // beside that of the test
	certFile   string
	process    *os.Process
	output     output
}

// output is what a process has said so far.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// binary builds the program once for all tests.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "letterbox-clients-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "letterbox")
	build := exec.Command("go", "build", "-o", path, "letterbox")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w: %s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := binary(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// serve starts the program with a data folder of its own and waits until it
// greets. It ends with the test.
func serve(t *testing.T, settings ...string) *letterbox {
	t.Helper()
	l := newLetterbox(t)
	l.open(settings...)
	return l
}

// open adds the users and starts the program.
func (l *letterbox) open(settings ...string) {
	l.t.Helper()
	l.run(password+"\n", "user", "add", anna)
	l.run(password+"\n", "user", "add", ben)
	l.start(l.t, settings...)
	l.saveCertificate()
}

// newLetterbox makes a data folder with a domain and nobody in it.
func newLetterbox(t *testing.T) *letterbox {
	t.Helper()
	l := &letterbox{t: t, data: t.TempDir(), imaps: freePort(t), submission: freePort(t), metrics: freePort(t)}
	l.run("", "domain", "add", "letterbox.example")
	return l
}

func (l *letterbox) start(t *testing.T, settings ...string) {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	args := l.arguments()
	for _, s := range settings {
		args = append(args, "--set", s)
	}
	cmd := exec.Command(path, append(args, "serve")...)
	cmd.Env = append(os.Environ(), l.env...)
	cmd.Stdout, cmd.Stderr = &l.output, &l.output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	l.process = cmd.Process
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("letterbox did not end well: %v\n%s", err, l.output.String())
		} else if t.Failed() {
			t.Logf("letterbox said:\n%s", l.output.String())
		}
	})
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", l.imaps))
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("letterbox does not answer: %v\n%s", err, l.output.String())
		}
	}
}

// arguments say where it listens, and nowhere else.
func (l *letterbox) arguments() []string {
	args := []string{"--data", l.data}
	settings := append([]string{
		"hostname=localhost",
		fmt.Sprintf("listen.imaps=127.0.0.1:%d", l.imaps),
		fmt.Sprintf("listen.submissions=127.0.0.1:%d", l.submission),
		fmt.Sprintf("listen.metrics=127.0.0.1:%d", l.metrics),
		"listen.imap=", "listen.smtp=", "listen.submission=", "listen.http=", "listen.https=",
		"doctor.every=0s", // nobody outside is asked
	}, l.settings...)
	if l.https != 0 {
		settings = append(settings, fmt.Sprintf("listen.https=127.0.0.1:%d", l.https))
	}
	for _, setting := range settings {
		args = append(args, "--set", setting)
	}
	return args
}

// run runs a command of the program.
func (l *letterbox) run(stdin string, args ...string) string {
	l.t.Helper()
	path, err := binary()
	if err != nil {
		l.t.Fatal(err)
	}
	cmd := exec.Command(path, append([]string{"--data", l.data}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		l.t.Fatalf("letterbox %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// saveCertificate writes the self-signed certificate where clients find it to
// trust.
func (l *letterbox) saveCertificate() {
	l.t.Helper()
	conn, err := l.dialTLS(l.imaps) // what is learnt here, the clients then verify
	if err != nil {
		l.t.Fatal(err)
	}
	defer conn.Close()
	l.certFile = filepath.Join(l.t.TempDir(), "certificate.pem")
	if err := os.WriteFile(l.certFile, pemCertificate(conn.ConnectionState().PeerCertificates[0].Raw), 0o644); err != nil {
		l.t.Fatal(err)
	}
}

func (l *letterbox) dialTLS(port int) (*tls.Conn, error) {
	return tls.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port), &tls.Config{InsecureSkipVerify: true})
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// need skips the test when a program is not installed, or fails it where all
// must be.
func need(t *testing.T, program, debianPackage string) {
	t.Helper()
	if _, err := exec.LookPath(program); err == nil {
		return
	}
	lacks(t, "%s is not installed (Debian package %s)", program, debianPackage)
}

// extracted is need for a program that scripts/install takes out of its package: the
// package would start a service, or replace another.
func extracted(t *testing.T, program string) (path string) {
	t.Helper()
	path = filepath.Join("/usr/local/lib/letterbox-tests", program)
	if _, err := os.Stat(path); err != nil {
		lacks(t, "%s is missing (scripts/install puts it there)", path)
	}
	return path
}

// lacks skips a test for what this machine does not have, where that is allowed.
func lacks(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("LETTERBOX_CLIENTS") == "require" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// client runs a mail client and returns what it printed; it must end well.
func client(t *testing.T, home, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "HOME="+home, "LC_ALL=C.UTF-8")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out, stderr.String())
	}
	return string(out)
}
