package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"
)

// contest runs each workload against the servers in turn: A B A B ...
type contest struct {
	options
	dir     string
	servers []server // Dovecot, if it takes part, then Letterbox
	bytes   int64    // of mail in the large mailbox
	limits  limits
}

// A workload is one line of the table. run does it once.
type workload struct {
	name   string
	unit   string  // "msg/s", "ms", "MB/s", "kB" ...
	higher bool    // whether a higher figure is better
	goal   float64 // how many times better than Dovecot it must be; below 1: how much worse it may be
	atMost float64 // or the figure that must not be exceeded, whatever Dovecot does
	once   bool    // a single round: it is not repeatable, or slow
	alone  bool    // only Letterbox: Dovecot needs a process a connection
	needs  string  // capability that all must offer, "" for none
	run    func(context.Context, *contest, server, int) (sample, error)
}

// A sample is the figure of one round, and the best one that this machine
// allows: so many bytes through a socket, so many answers waited for, so many
// flushes. 0 where that is not known.
type sample struct{ figure, best float64 }

// result of one workload on one server.
type result struct {
	samples []sample
	cpu     time.Duration
}

// median is that of the figures, with its best.
func (r *result) median() sample {
	sorted := slices.SortedFunc(slices.Values(r.samples), func(a, b sample) int {
		if a.figure < b.figure {
			return -1
		}
		return 1
	})
	return sorted[len(sorted)/2]
}

func (c *contest) run(ctx context.Context) error {
	var err error
	if c.limits, err = measureLimits(c.dir); err != nil {
		return err
	}
	if err := c.fill(ctx); err != nil {
		return fmt.Errorf("fill: %w", err)
	}
	fmt.Printf("%d messages, %d MB, %d rounds. This machine: a flush %.2f ms, a round trip %.3f ms, a socket %.0f MB/s.\n\n",
		c.messages, c.bytes/1e6, c.rounds, milliseconds(c.limits.flush), milliseconds(c.limits.trip), c.limits.socket)
	fmt.Println("| workload | unit | Dovecot | Letterbox | times better | goal | reached | from the limit | CPU ms Dovecot | CPU ms Letterbox |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|---|")
	for _, w := range slices.Concat(workloads(), idleWorkloads()) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !c.only.MatchString(w.name) {
			continue
		}
		if err := c.line(ctx, w); err != nil {
			fmt.Printf("| %s | | | | | | failed: %v | | | |\n", w.name, err)
		}
	}
	return nil
}

// line measures one workload and prints its row.
func (c *contest) line(ctx context.Context, w workload) error {
	servers := c.servers
	if w.alone {
		servers = servers[len(servers)-1:]
	}
	if ok, err := offered(w.needs, servers); !ok || err != nil {
		return err
	}
	results := make([]result, len(servers))
	rounds := c.rounds
	if w.once {
		rounds = 1
	}
	for round := range rounds {
		for i, s := range servers {
			took, cpu, err := c.measure(ctx, w, s, round)
			if err != nil {
				return fmt.Errorf("%s: %w", s.Name(), err)
			}
			results[i].samples = append(results[i].samples, took)
			results[i].cpu += cpu
		}
	}
	c.print(w, results)
	return nil
}

// print writes the row; the last result is Letterbox's.
func (c *contest) print(w workload, results []result) {
	ours := results[len(results)-1]
	row := row{workload: w, ours: ours.median(), oursCPU: ours.cpuPerRound()}
	if len(results) > 1 {
		theirs := results[0].median()
		row.theirs, row.theirsCPU = &theirs, results[0].cpuPerRound()
	}
	fmt.Println(row)
}

// cpuPerRound is empty where the server was restarted: its counters were too.
func (r *result) cpuPerRound() string {
	if r.cpu < 0 {
		return ""
	}
	return fmt.Sprintf("%.0f", milliseconds(r.cpu)/float64(len(r.samples)))
}

func (c *contest) measure(ctx context.Context, w workload, s server, round int) (sample, time.Duration, error) {
	if c.profile != "" {
		stop, err := s.Profile(filepath.Join(c.profile, fmt.Sprintf("%s %d.perf", w.name, round)))
		if err != nil {
			return sample{}, 0, err
		}
		defer stop()
	}
	root, before := s.Root(), cpuTime(s.Root())
	took, err := w.run(ctx, c, s, round)
	if s.Root() != root {
		return took, -time.Hour, err
	}
	return took, cpuTime(root) - before, err
}

// offered reports whether all servers have a capability.
func offered(capability string, servers []server) (bool, error) {
	if capability == "" {
		return true, nil
	}
	for _, s := range servers {
		conn, err := signIn(s, 0, false)
		if err != nil {
			return false, err
		}
		ok := conn.has(capability)
		conn.Close()
		if !ok {
			return false, nil
		}
	}
	return true, nil
}

// fill puts the same mail into "large" of user 0 on each server.
func (c *contest) fill(ctx context.Context) error {
	for _, s := range c.servers {
		conn, err := signIn(s, 0, false)
		if err != nil {
			return err
		}
		defer conn.Close()
		if c.bytes, err = fill(ctx, conn, "large", c.messages, newMailbag(1).next); err != nil {
			return fmt.Errorf("%s: %w", s.Name(), err)
		}
		if err := s.Settle(ctx); err != nil {
			return fmt.Errorf("%s: %w", s.Name(), err)
		}
	}
	return nil
}

// fill makes a mailbox of n messages, many with each command, and returns their
// bytes.
func fill(ctx context.Context, conn *client, mailbox string, n int, next func() []byte) (bytes int64, err error) {
	if _, err := conn.do("CREATE %s", mailbox); err != nil {
		return 0, err
	}
	const atOnce = 200
	for n > 0 && ctx.Err() == nil {
		mail := make([][]byte, min(n, atOnce))
		for i := range mail {
			mail[i] = next()
			bytes += int64(len(mail[i]))
		}
		if err := conn.append(mailbox, mail...); err != nil {
			return bytes, err
		}
		n -= len(mail)
	}
	return bytes, ctx.Err()
}
