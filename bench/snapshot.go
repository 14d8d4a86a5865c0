package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// snapshotMailbox has the mail that snapshots are taken of.
const snapshotMailbox = "INBOX"

// A backupRun is what one backup took.
type backupRun struct {
	took  time.Duration
	cpu   time.Duration
	bytes int64 // that the target grew by
}

// runSnapshots measures snapshots of a mailbox of the size beside restic's of the
// same folder: the first one, and one after a hundredth of the mail was added.
// Both encrypt and compress, neither at a low priority; both find the files in the
// page cache. Then it
// delivers without and during a first snapshot.
func (c *contest) runSnapshots(ctx context.Context, size int) error {
	s, ok := c.servers[len(c.servers)-1].(*letterbox)
	if !ok {
		return errors.New("no Letterbox takes part")
	}
	b := &snapshotBench{contest: c, server: s, bag: newMailbag(1)}
	if err := b.command("snapshot", "key", "generate"); err != nil {
		return err
	}
	if err := b.fill(size); err != nil {
		return fmt.Errorf("fill: %w", err)
	}
	waitUntilIdle(s)
	first, err := b.both(false)
	if err != nil {
		return err
	}
	if err := b.fill(size / 100); err != nil {
		return fmt.Errorf("fill: %w", err)
	}
	waitUntilIdle(s)
	more, err := b.both(true)
	if err != nil {
		return err
	}
	fmt.Printf("\n| %d messages, data folder %d MB | restic | Letterbox | times | restic MB | Letterbox MB | CPU restic | CPU Letterbox |\n|---|---|---|---|---|---|---|---|\n",
		size, b.folderSize()>>20)
	for i, name := range []string{"first snapshot", "after 1 % more"} {
		pair := [][2]backupRun{first, more}[i]
		fmt.Printf("| %s | %.2f s | %.2f s | %.1f | %.1f | %.1f | %.1f s | %.1f s |\n", name,
			pair[0].took.Seconds(), pair[1].took.Seconds(), pair[0].took.Seconds()/pair[1].took.Seconds(),
			float64(pair[0].bytes)/1e6, float64(pair[1].bytes)/1e6, pair[0].cpu.Seconds(), pair[1].cpu.Seconds())
	}
	return b.load(ctx)
}

// A snapshotBench is one run.
type snapshotBench struct {
	*contest
	server *letterbox
	bag    *mailbag
}

func (b *snapshotBench) target() string { return filepath.Join(b.dir, "snapshots") }
func (b *snapshotBench) repo() string   { return filepath.Join(b.dir, "restic") }

// command runs letterbox against the server.
func (b *snapshotBench) command(args ...string) error { return b.server.command("", args...) }

// fill appends messages, many with one command.
func (b *snapshotBench) fill(n int) error {
	conn, err := signIn(b.server, 0, false)
	if err != nil {
		return err
	}
	defer conn.Close()
	for n > 0 {
		var mail [][]byte
		for range min(n, 50) {
			mail = append(mail, b.bag.next())
			n--
		}
		conn.conn.SetDeadline(time.Now().Add(10 * time.Minute))
		if err := conn.append(snapshotMailbox, mail...); err != nil {
			return err
		}
	}
	return nil
}

// waitUntilIdle waits until the server has nothing to do any more.
func waitUntilIdle(s server) {
	for quiet := 0; quiet < 3; {
		before := cpuTime(s.Root())
		time.Sleep(2 * time.Second)
		if quiet++; cpuTime(s.Root())-before > 40*time.Millisecond {
			quiet = 0
		}
	}
}

// both runs restic and Letterbox, whoever is named to begin first.
func (b *snapshotBench) both(resticFirst bool) (pair [2]backupRun, err error) {
	runs := []func() (backupRun, error){b.restic, func() (backupRun, error) { return b.letterbox("--hurry") }}
	order := []int{1, 0}
	if resticFirst {
		order = []int{0, 1}
	}
	for _, i := range order {
		if pair[i], err = runs[i](); err != nil {
			return pair, err
		}
	}
	return pair, nil
}

// restic backs up what a snapshot holds.
func (b *snapshotBench) restic() (r backupRun, err error) {
	run := func(args ...string) error {
		cmd := exec.Command("restic", append([]string{"-q", "-r", b.repo()}, args...)...)
		cmd.Env = append(os.Environ(), "RESTIC_PASSWORD="+password, "RESTIC_CACHE_DIR="+filepath.Join(b.dir, "cache"))
		out, err := cmd.CombinedOutput()
		if err != nil {
			return fmt.Errorf("restic %s: %w: %s", strings.Join(args, " "), err, out)
		}
		r.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		return nil
	}
	if _, err := os.Stat(b.repo()); err != nil {
		if err := run("init"); err != nil {
			return r, err
		}
	}
	before, began := everything(b.repo()), time.Now()
	err = run("backup", filepath.Join(b.server.dir, "letterbox.db"), filepath.Join(b.server.dir, "blobs"), filepath.Join(b.server.dir, "tls"))
	r.took, r.bytes = time.Since(began), everything(b.repo())-before
	return r, err
}

// letterbox takes a snapshot; the proof that follows is not counted.
func (b *snapshotBench) letterbox(flags ...string) (r backupRun, err error) {
	before, cpu := everything(b.target()), cpuTime(b.server.Root())
	cmd := exec.Command(b.server.binary, append([]string{"--data", b.server.dir, "snapshot", "now", "--json"}, flags...)...)
	out, err := cmd.Output()
	if err != nil {
		return r, fmt.Errorf("letterbox snapshot now: %w: %s", err, out)
	}
	var taken []struct {
		Took   float64 `json:"took_seconds"`
		Proven bool    `json:"proven"`
		Error  string  `json:"error"`
	}
	if err := json.Unmarshal(out, &taken); err != nil || len(taken) != 1 || taken[0].Error != "" || !taken[0].Proven {
		return r, fmt.Errorf("letterbox snapshot now: %v: %s", err, out)
	}
	r.took = time.Duration(taken[0].Took * float64(time.Second))
	r.bytes, r.cpu = everything(b.target())-before, cpuTime(b.server.Root())-cpu
	return r, nil
}

func everything(dir string) int64 { return diskUsage(dir, func(string) bool { return true }) }

func (b *snapshotBench) folderSize() int64 {
	body, rest := b.server.Disk()
	return body + rest
}

// load delivers for a while without, then during a snapshot that writes
// everything again, and tells the slowest hundredth, and how the memory grew.
func (b *snapshotBench) load(ctx context.Context) error {
	resting := memory(b.server.Root())
	without, _, err := b.deliver(ctx, func() error { time.Sleep(10 * time.Second); return nil })
	if err != nil {
		return err
	}
	loaded := memory(b.server.Root())
	if err := os.RemoveAll(b.target()); err != nil {
		return err
	}
	during, most, err := b.deliver(ctx, func() error {
		_, err := b.letterbox()
		return err
	})
	if err != nil {
		return err
	}
	fmt.Printf("\n| deliveries | without | during a snapshot | ratio |\n|---|---|---|---|\n")
	for _, q := range []struct {
		name string
		at   func([]time.Duration) time.Duration
	}{
		{"median", func(t []time.Duration) time.Duration { return t[len(t)/2] }},
		{"p99", func(t []time.Duration) time.Duration { return t[len(t)*99/100] }},
		{"longest", func(t []time.Duration) time.Duration { return t[len(t)-1] }},
	} {
		a, b := q.at(without), q.at(during)
		fmt.Printf("| %s | %.1f ms | %.1f ms | %.2f |\n", q.name, float64(a.Microseconds())/1e3, float64(b.Microseconds())/1e3, float64(b)/float64(a))
	}
	fmt.Printf("\nMemory: %d MB at rest, %d MB with deliveries, at most %d MB with deliveries and the snapshot with its full proof.\n", resting>>20, loaded>>20, most>>20)
	return nil
}

// deliver appends over four connections while fn runs. The times are sorted; most
// is the largest size of the server meanwhile.
func (b *snapshotBench) deliver(ctx context.Context, fn func() error) (times []time.Duration, most int64, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var mu sync.Mutex
	var all sync.WaitGroup
	var failed error
	for n := range 4 {
		all.Go(func() {
			took, err := b.deliverAlone(ctx, 1+n)
			mu.Lock()
			defer mu.Unlock()
			times, failed = append(times, took...), errors.Join(failed, err)
		})
	}
	all.Go(func() {
		for ctx.Err() == nil {
			now := memory(b.server.Root())
			mu.Lock()
			most = max(most, now)
			mu.Unlock()
			time.Sleep(100 * time.Millisecond)
		}
	})
	err = fn()
	cancel()
	all.Wait()
	slices.Sort(times)
	return times, most, errors.Join(err, failed)
}

func (b *snapshotBench) deliverAlone(ctx context.Context, user int) (times []time.Duration, err error) {
	conn, err := signIn(b.server, user, false)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	for bag := newMailbag(uint64(100 + user)); ctx.Err() == nil; {
		raw := bag.next()
		conn.conn.SetDeadline(time.Now().Add(time.Minute))
		began := time.Now()
		if err := conn.append(snapshotMailbox, raw); err != nil {
			return nil, err
		}
		times = append(times, time.Since(began))
		time.Sleep(5 * time.Millisecond)
	}
	return times, nil
}
