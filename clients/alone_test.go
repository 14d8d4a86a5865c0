package clients

import (
	"bytes"
	"debug/elf"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestBinaryIsStatic: it needs no loader and no library.
func TestBinaryIsStatic(t *testing.T) {
	t.Parallel()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, program := range file.Progs {
		if program.Type == elf.PT_INTERP {
			t.Error("it asks for a loader")
		}
	}
	if needed, err := file.ImportedLibraries(); len(needed) > 0 {
		t.Errorf("it needs %v (%v)", needed, err)
	}
}

// An island is the program alone in a tree of folders: no libraries, no time
// zones, no certificates, no /etc, /proc, /dev or /tmp, and no environment.
type island struct {
	t    *testing.T
	root string
}

func newIsland(t *testing.T) *island {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	i := &island{t, t.TempDir()}
	program, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(i.root, "letterbox"), program, 0o700); err != nil {
		t.Fatal(err)
	}
	return i
}

// command is one of the program there, with its data in /data. Only root may
// change the root, or who gets the right to by a user namespace.
func (i *island) command(env []string, args ...string) *exec.Cmd {
	cmd := exec.Command("/letterbox", append([]string{"--data", "/data"}, args...)...)
	cmd.Dir, cmd.Env = "/", append([]string{"LETTERBOX=alone"}, env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: i.root}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	return cmd
}

func (i *island) run(stdin string, env []string, args ...string) string {
	i.t.Helper()
	cmd := i.command(env, args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		i.t.Fatalf("letterbox %s, alone: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// TestAlone runs the program where there is nothing else: it makes its folder,
// takes mail in, serves, and knows what time it is in Tokyo.
func TestAlone(t *testing.T) {
	t.Parallel()
	i := newIsland(t)
	i.run("", nil, "domain", "add", "letterbox.example")
	i.run(password+"\n", nil, "user", "add", anna)
	i.run(string(asMbox([][]byte{sample("alone")})), nil, "import", "--account", anna, "-")

	hour := func(zone string) time.Time {
		t.Helper()
		line := strings.Split(i.run("", []string{"TZ=" + zone}, "domain", "list"), "\n")[1]
		fields := strings.Fields(line)
		at, err := time.Parse("2006-01-02 15:04", strings.Join(fields[len(fields)-2:], " "))
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		return at
	}
	if ahead := hour("Asia/Tokyo").Sub(hour("UTC")); ahead != 9*time.Hour {
		t.Errorf("Tokyo is ahead by %v, want 9h: time zones are missing", ahead)
	}

	l := &letterbox{t: t, data: filepath.Join(i.root, "data"), imaps: freePort(t)}
	cmd := i.command(nil, "--set", "hostname=localhost",
		"--set", fmt.Sprintf("listen.imaps=127.0.0.1:%d", l.imaps),
		"--set", "listen.submissions=", "--set", "listen.imap=", "--set", "listen.smtp=", "--set", "listen.submission=",
		"--set", "listen.http=", "--set", "listen.https=", "--set", "listen.metrics=", "serve")
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		if err := <-ended; err != nil || t.Failed() {
			t.Errorf("it ended with %v and said\n%s", err, output.String())
		}
	})
	waitFor(t, "the program to answer", func() bool {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", l.imaps))
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	l.saveCertificate()
	need(t, "curl", "curl")
	got := client(t, t.TempDir(), "curl", "-sS", "--cacert", l.certFile, "--user", anna+":"+password,
		fmt.Sprintf("imaps://localhost:%d/INBOX;UID=1", l.imaps))
	if !strings.Contains(got, "Subject: alone") {
		t.Errorf("curl got %q", got)
	}
}
