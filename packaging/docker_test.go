package packaging

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// An image is what the last stage of the Dockerfile makes, in a folder: the same
// files, user, environment and commands, without an engine.
type image struct {
	root       string
	environ    []string
	uid, gid   int
	entrypoint []string
	cmd        []string
	health     []string
}

// readDockerfile builds the last stage. It knows the instructions that are used
// there and refuses others, so that none is passed over.
func readDockerfile(t *testing.T) *image {
	t.Helper()
	file, err := os.Open("../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	i := &image{root: t.TempDir()}
	last := false
	for lines := bufio.NewScanner(file); lines.Scan(); {
		word, rest, _ := strings.Cut(lines.Text(), " ")
		if word == "FROM" {
			last = rest == "scratch"
		}
		if !last {
			continue
		}
		switch word {
		case "FROM", "EXPOSE", "STOPSIGNAL", "VOLUME":
		case "ENV":
			i.environ = append(i.environ, rest)
		case "USER":
			if _, err := fmt.Sscanf(rest, "%d:%d", &i.uid, &i.gid); err != nil {
				t.Fatalf("%s: a number is needed where there is no /etc/passwd: %v", rest, err)
			}
		case "COPY":
			if rest != "--from=build --chown=65532:65532 /root-fs/ /" {
				t.Fatalf("the test does not know how to COPY %s", rest)
			}
		case "HEALTHCHECK":
			_, command, _ := strings.Cut(rest, "CMD ")
			i.health = words(t, command)
		case "ENTRYPOINT":
			i.entrypoint = words(t, rest)
		case "CMD":
			i.cmd = words(t, rest)
		default:
			t.Fatalf("the test does not know %q", lines.Text())
		}
	}
	i.fill(t)
	return i
}

// words reads a command in JSON: in an image without a shell there is no other
// form.
func words(t *testing.T, text string) (list []string) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return list
}

// fill makes the files as the first stage does.
func (i *image) fill(t *testing.T) {
	t.Helper()
	dir, err := packages()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(filepath.Join(dir, "letterbox"))
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []error{
		os.Chmod(filepath.Dir(i.root), 0o755),
		os.WriteFile(filepath.Join(i.root, "letterbox"), program, 0o755),
		os.Mkdir(filepath.Join(i.root, "data"), 0o700),
		os.Chown(filepath.Join(i.root, "data"), i.uid, i.gid),
		os.Chown(filepath.Join(i.root, "letterbox"), i.uid, i.gid),
	} {
		if step != nil {
			t.Fatal(step)
		}
	}
}

// command is one that the engine would start.
func (i *image) command(args ...string) *exec.Cmd {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Env = "/", i.environ
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: i.root, Credential: &syscall.Credential{Uid: uint32(i.uid), Gid: uint32(i.gid)}}
	return cmd
}

// TestImage runs what the Dockerfile describes: it becomes healthy, serves, takes
// commands, and writes nowhere but to its volume.
func TestImage(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		if os.Getenv("LETTERBOX_CLIENTS") == "require" {
			t.Fatal("this needs root")
		}
		t.Skip("this needs root")
	}
	i := readDockerfile(t)
	if i.uid == 0 {
		t.Fatal("it runs as root")
	}
	if out, err := i.command(i.health...).CombinedOutput(); err == nil {
		t.Errorf("it is healthy before it runs: %s", out)
	}
	port := freePort(t)
	args := append(append(i.entrypoint, "--set", "hostname=localhost", "--set", "listen.imap=127.0.0.1:"+strconv.Itoa(port)), i.cmd...)
	for _, listener := range []string{"imaps", "smtp", "submission", "submissions", "http", "https", "metrics"} {
		args = append(args, "--set", "listen."+listener+"=")
	}
	serve := i.command(args...)
	var said strings.Builder
	serve.Stdout, serve.Stderr = &said, &said
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- serve.Wait() }()
	defer func() {
		serve.Process.Signal(syscall.SIGTERM)
		if err := <-ended; err != nil || t.Failed() {
			t.Errorf("it ended with %v and said\n%s", err, said.String())
		}
	}()
	for deadline := time.Now().Add(time.Minute); i.command(i.health...).Run() != nil; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not become healthy")
		}
	}
	conn, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(port))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.HasPrefix(line, "* OK") {
		t.Errorf("it greets with %q, %v", line, err)
	}
	if out, err := i.command(append(i.entrypoint, "domain", "add", "example.org")...).CombinedOutput(); err != nil {
		t.Errorf("domain add: %v: %s", err, out)
	}
	entries, err := os.ReadDir(i.root)
	if err != nil || len(entries) != 2 {
		t.Errorf("beside the program and the volume there is more: %v, %v", entries, err)
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port
}
