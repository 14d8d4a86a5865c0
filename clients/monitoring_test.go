package clients

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSystemdAndMonitoring runs the program as systemd does: it says when it is
// ready, that it is alive, and that it stops; meanwhile monitoring asks how it is.
// On SIGTERM a client that waits hears a goodbye.
func TestSystemdAndMonitoring(t *testing.T) {
	t.Parallel()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	systemd, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer systemd.Close()
	imap, metrics := freePort(t), freePort(t)
	cmd := exec.Command(path, "--data", filepath.Join(dir, "data"),
		"--set", "hostname=localhost", "--set", "queue.send=false", "--set", "snapshot.schedule=never", "--set", "doctor.every=0s",
		"--set", fmt.Sprintf("listen.imap=127.0.0.1:%d", imap), "--set", fmt.Sprintf("listen.metrics=127.0.0.1:%d", metrics),
		"--set", "listen.imaps=", "--set", "listen.smtp=", "--set", "listen.submission=", "--set", "listen.submissions=",
		"--set", "listen.http=", "--set", "listen.https=", "serve")
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+systemd.LocalAddr().String(), "WATCHDOG_USEC=200000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()

	hears(t, systemd, "READY=1")
	for path, want := range map[string]string{"/livez": "ok", "/readyz": "ok", "/metrics": "letterbox_"} {
		if got := page(t, fmt.Sprintf("http://127.0.0.1:%d%s", metrics, path)); !strings.Contains(got, want) {
			t.Errorf("%s answers %q, want %q", path, got, want)
		}
	}
	hears(t, systemd, "WATCHDOG=1")

	client, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", imap))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	client.SetDeadline(time.Now().Add(time.Minute))
	if _, err := client.Read(make([]byte, 1)); err != nil { // its greeting: it has been let in
		t.Fatal(err)
	}
	cmd.Process.Signal(syscall.SIGTERM)
	hears(t, systemd, "STOPPING=1")
	if said, err := io.ReadAll(client); err != nil || !strings.Contains(string(said), "* BYE") {
		t.Errorf("a client that waited heard %q, %v", said, err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it did not end well: %v", err)
	}
}

// hears waits for a notification; others may come before it.
func hears(t *testing.T, systemd *net.UnixConn, want string) {
	t.Helper()
	systemd.SetReadDeadline(time.Now().Add(time.Minute))
	for buf := make([]byte, 256); ; {
		n, err := systemd.Read(buf)
		if err != nil {
			t.Fatalf("waited for %s: %v", want, err)
		}
		if string(buf[:n]) == want {
			return
		}
	}
}

func page(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %d, %v", url, response.StatusCode, err)
	}
	return string(body)
}
