package packaging

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// packages builds the program and makes two packages of it, the second newer.
var packages = sync.OnceValues(func() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "letterbox-packages-"); err != nil {
		return "", err
	}
	program := filepath.Join(dir, "letterbox")
	build := exec.Command("go", "build", "-ldflags", "-s -w", "-o", program, "letterbox")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return dir, &exec.Error{Name: "go build: " + string(out), Err: err}
	}
	for _, version := range []string{"1.0", "1.1"} {
		pack := exec.Command("../scripts/package", program, "amd64", dir)
		pack.Env = append(os.Environ(), "LETTERBOX_VERSION="+version, "SOURCE_DATE_EPOCH=1764000000")
		if out, err := pack.CombinedOutput(); err != nil {
			return dir, &exec.Error{Name: "scripts/package: " + string(out), Err: err}
		}
	}
	return dir, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, _ := packages(); dir != "" {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

// A machine is an empty Debian into which packages are installed from outside,
// as image builders do.
type machine struct {
	t    *testing.T
	root string
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	for _, program := range []string{"dpkg", "systemd-sysusers", "deb-systemd-helper", "debconf-set-selections"} {
		if _, err := exec.LookPath(program); err != nil || os.Geteuid() != 0 {
			if os.Getenv("LETTERBOX_CLIENTS") == "require" {
				t.Fatalf("this needs root and %s", program)
			}
			t.Skipf("this needs root and %s", program)
		}
	}
	m := &machine{t: t, root: t.TempDir()}
	if err := os.Chmod(filepath.Dir(m.root), 0o755); err != nil { // the service's user passes through
		t.Fatal(err)
	}
	for _, dir := range []string{"var/lib/dpkg/info", "var/lib/dpkg/updates", "etc", "var/cache/debconf"} {
		if err := os.MkdirAll(filepath.Join(m.root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	m.write("var/lib/dpkg/status", "")
	m.write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
	m.write("etc/group", "root:x:0:\n")
	m.write("etc/debconf.conf", debconf)
	return m
}

// debconf is where the empty machine keeps the answers to questions.
const debconf = `Config: config
Templates: templates

Name: config
Driver: File
Filename: /var/cache/debconf/config.dat

Name: templates
Driver: File
Filename: /var/cache/debconf/templates.dat
`

func (m *machine) path(name string) string { return filepath.Join(m.root, name) }

func (m *machine) write(name, text string) {
	m.t.Helper()
	if err := os.WriteFile(m.path(name), []byte(text), 0o644); err != nil {
		m.t.Fatal(err)
	}
}

func (m *machine) exists(name string) bool {
	_, err := os.Lstat(m.path(name))
	return err == nil
}

// run runs a program of this machine's and returns what it said.
func (m *machine) run(stdin, name string, args ...string) string {
	m.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "DPKG_ROOT="+m.root, "LC_ALL=C.UTF-8")
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		m.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (m *machine) dpkg(args ...string) string {
	m.t.Helper()
	return m.run("", "dpkg", append([]string{"--root=" + m.root, "--force-script-chrootless", "--force-depends", "--force-not-root"}, args...)...)
}

func (m *machine) install(version string) string {
	m.t.Helper()
	dir, err := packages()
	if err != nil {
		m.t.Fatal(err)
	}
	return m.dpkg("--install", filepath.Join(dir, "letterbox_"+version+"_amd64.deb"))
}

// TestPackage installs, uses, upgrades, removes and purges; the mail outlives all
// of it until somebody says that it may go.
func TestPackage(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	if said := m.install("1.0"); !strings.Contains(said, "letterbox domain add") {
		t.Errorf("it does not say how to begin: %s", said)
	}
	for _, name := range []string{
		"usr/bin/letterbox", "usr/lib/systemd/system/letterbox.service", "usr/share/man/man1/letterbox.1.gz",
		"usr/share/bash-completion/completions/letterbox", "usr/share/zsh/vendor-completions/_letterbox",
		"usr/share/fish/vendor_completions.d/letterbox.fish", "usr/share/doc/letterbox/letterbox.sample.toml",
		"usr/share/doc/letterbox/contrib/fail2ban/filter.d/letterbox.conf",
		"etc/systemd/system/multi-user.target.wants/letterbox.service",
	} {
		if !m.exists(name) {
			t.Errorf("%s is missing", name)
		}
	}
	info, err := os.Stat(m.path("var/lib/letterbox"))
	if err != nil {
		t.Fatal(err)
	}
	stat := info.Sys().(*syscall.Stat_t)
	if stat.Uid == 0 || info.Mode().Perm() != 0o700 {
		t.Errorf("the data folder belongs to %d and is %v", stat.Uid, info.Mode())
	}

	m.letterbox("domain", "add", "example.org")
	m.ownedBy(stat.Uid)
	m.install("1.1")
	if got := m.letterbox("domain", "list"); !strings.Contains(got, "example.org") {
		t.Errorf("after the upgrade there is %q", got)
	}
	m.dpkg("--remove", "letterbox")
	if m.exists("usr/bin/letterbox") || !m.exists("var/lib/letterbox/letterbox.db") {
		t.Error("removing left the program, or took the mail")
	}
	m.install("1.1")
	if said := m.dpkg("--purge", "letterbox"); !strings.Contains(said, "rm -r /var/lib/letterbox") || !m.exists("var/lib/letterbox/letterbox.db") {
		t.Errorf("purging took the mail unasked, or did not say that it is there: %s", said)
	}
	m.install("1.1")
	if got := m.letterbox("domain", "list"); !strings.Contains(got, "example.org") {
		t.Errorf("after it was purged and installed again there is %q", got)
	}
	m.run("letterbox letterbox/remove-mail boolean true\n", "debconf-set-selections")
	m.dpkg("--purge", "letterbox")
	for _, name := range []string{"var/lib/letterbox", "etc/systemd/system/multi-user.target.wants/letterbox.service", "usr/share/doc/letterbox"} {
		if m.exists(name) {
			t.Errorf("%s is still there", name)
		}
	}
}

// letterbox runs the program that was installed, as root.
func (m *machine) letterbox(args ...string) string {
	m.t.Helper()
	return m.run("", m.path("usr/bin/letterbox"), append([]string{"--data", m.path("var/lib/letterbox")}, args...)...)
}

// ownedBy: what root's commands make, the service can open.
func (m *machine) ownedBy(uid uint32) {
	m.t.Helper()
	err := filepath.Walk(m.path("var/lib/letterbox"), func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Sys().(*syscall.Stat_t).Uid != uid {
			m.t.Errorf("%s belongs to %d", path, info.Sys().(*syscall.Stat_t).Uid)
		}
		return err
	})
	if err != nil {
		m.t.Fatal(err)
	}
}

// TestServeAsRoot is refused where the data is the service's.
func TestServeAsRoot(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.install("1.0")
	cmd := exec.Command(m.path("usr/bin/letterbox"), "--data", m.path("var/lib/letterbox"), "serve")
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "systemctl start letterbox") {
		t.Errorf("%v: %s", err, out)
	}
}

// TestUnit has systemd read the unit, and judge how much it shuts in.
func TestUnit(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.install("1.0")
	m.run("", "systemd-analyze", "verify", "--root="+m.root, "--man=no", "--recursive-errors=no", "letterbox.service")
	// 0 is nothing permitted, 10 everything; a service of the system that is not
	// shut in at all has 9.6.
	m.run("", "systemd-analyze", "security", "--offline=true", "--threshold=20", "--root="+m.root, "letterbox.service")
}
