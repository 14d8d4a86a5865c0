package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	password = "correct-horse-7-battery"
	domain   = "bench.example"
	users    = 50
)

// userName is the n-th user's address, from 0.
func userName(n int) string { return fmt.Sprintf("user%d@%s", n, domain) }

// A server is one of the two contestants.
type server interface {
	Name() string
	Start(context.Context) error // returns once it greets
	Stop()
	Plain() string                // host:port of plaintext IMAP
	TLS() string                  // host:port of implicit TLS
	Settle(context.Context) error // until what it does behind is done
	Root() int                    // process whose tree is the server
	Disk() (body, rest int64)     // bytes in its files, after Stop or at rest
	Profile(file string) (stop func(), err error)
}

// process is what both contestants share: one child and its tree.
type process struct {
	cmd        *exec.Cmd
	dir        string
	plain, tls string
	output     bytes.Buffer
}

func (p *process) Plain() string { return p.plain }
func (p *process) TLS() string   { return p.tls }
func (p *process) Root() int     { return p.cmd.Process.Pid }

// launch starts the command and waits until it greets.
func (p *process) launch(ctx context.Context, name string, args ...string) error {
	p.output.Reset()
	p.cmd = exec.Command(name, args...)
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	if err := p.cmd.Start(); err != nil {
		return err
	}
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) && ctx.Err() == nil {
		if c, err := dial(p.plain, false); err == nil {
			c.Close()
			return nil
		}
		time.Sleep(time.Millisecond)
	}
	p.Stop()
	return fmt.Errorf("%s does not greet at %s: %s", name, p.plain, p.output.String())
}

func (p *process) Stop() {
	if p.cmd == nil || p.cmd.ProcessState != nil {
		return
	}
	p.cmd.Process.Signal(syscall.SIGTERM)
	timer := time.AfterFunc(20*time.Second, func() { p.cmd.Process.Kill() })
	defer timer.Stop()
	p.cmd.Wait()
}

// freePort finds a port on loopback that nobody has.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// tree lists a process and all below it.
func tree(root int) []int {
	pids := []int{root}
	for i := 0; i < len(pids); i++ {
		files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pids[i]))
		for _, file := range files {
			children, _ := os.ReadFile(file)
			for _, field := range strings.Fields(string(children)) {
				if pid, err := strconv.Atoi(field); err == nil {
					pids = append(pids, pid)
				}
			}
		}
	}
	return pids
}

// cpuTime is what the tree has used, children that ended included.
func cpuTime(root int) time.Duration {
	var ticks int64
	for _, pid := range tree(root) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue
		}
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		for _, field := range fields[11:15] { // utime stime cutime cstime
			n, _ := strconv.ParseInt(field, 10, 64)
			ticks += n
		}
	}
	return time.Duration(ticks) * 10 * time.Millisecond // USER_HZ is 100
}

// memory is the proportional set size of the tree in bytes: pages that several
// processes share count once.
func memory(root int) int64 {
	var sum int64
	for _, pid := range tree(root) {
		rollup, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(rollup)) {
			if rest, ok := strings.CutPrefix(line, "Pss:"); ok {
				kB, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
				sum += kB * 1024
			}
		}
	}
	return sum
}

// diskUsage adds up the sizes of the files below dir that pick chooses.
func diskUsage(dir string, pick func(name string) bool) int64 {
	var sum int64
	filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() && pick(entry.Name()) {
			if info, err := entry.Info(); err == nil {
				sum += info.Size()
			}
		}
		return nil
	})
	return sum
}
