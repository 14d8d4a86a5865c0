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
	servers []server
	bytes   int64 // of mail in the large mailbox
	limits  limits
}

// A workload is one line of the table. run does it once and returns the figure.
type workload struct {
	name   string
	unit   string               // "msg/s", "ms", "MB/s", "kB" ...
	higher bool                 // whether a higher figure is better
	goal   float64              // how many times better than Dovecot it must be; below 1: how much worse it may be
	atMost float64              // or the figure that must not be exceeded, whatever Dovecot does
	limit  func(limits) float64 // the best figure that the hardware allows; nil: not known
	once   bool                 // a single round: it is not repeatable, or slow
	needs  string               // capability that both must offer, "" for none
	run    func(context.Context, *contest, server, int) (float64, error)
}

// result of one workload on one server.
type result struct {
	figures []float64
	cpu     time.Duration
}

func (r *result) median() float64 {
	sorted := slices.Sorted(slices.Values(r.figures))
	return sorted[len(sorted)/2]
}

func (c *contest) run(ctx context.Context) error {
	var err error
	if c.limits, err = measureLimits(c.dir); err != nil {
		return err
	}
	fmt.Printf("%d messages, %d rounds. Physical limits: one flush of this disk %.2f ms, one loopback socket %.0f MB/s.\n\n",
		c.messages, c.rounds, milliseconds(c.limits.flush), c.limits.socket)
	if err := c.fill(ctx); err != nil {
		return fmt.Errorf("fill: %w", err)
	}
	fmt.Println("| workload | unit | Dovecot | Letterbox | times better | goal | reached | of the limit | CPU ms Dovecot | CPU ms Letterbox |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|---|")
	for _, w := range workloads() {
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
	if ok, err := c.offered(w.needs); !ok || err != nil {
		return err
	}
	results := make([]result, len(c.servers))
	rounds := c.rounds
	if w.once {
		rounds = 1
	}
	for round := range rounds {
		for i, s := range c.servers {
			figure, cpu, err := c.measure(ctx, w, s, round)
			if err != nil {
				return fmt.Errorf("%s: %w", s.Name(), err)
			}
			results[i].figures = append(results[i].figures, figure)
			results[i].cpu += cpu
		}
	}
	c.print(w, results[0], results[1])
	return nil
}

func (c *contest) print(w workload, dovecot, letterbox result) {
	theirs, ours := dovecot.median(), letterbox.median()
	better := theirs / ours
	if w.higher {
		better = ours / theirs
	}
	goal, reached := fmt.Sprintf("%.2g times", w.goal), better >= w.goal
	if w.atMost > 0 {
		goal, reached = fmt.Sprintf("at most %.4g", w.atMost), ours <= w.atMost
	}
	limit := ""
	if w.limit != nil {
		limit = fmt.Sprintf("%.0f %%", 100*ours/w.limit(c.limits))
	}
	fmt.Printf("| %s | %s | %.4g | %.4g | %.2f | %s | %s | %s | %s | %s |\n", w.name, w.unit, theirs, ours, better,
		goal, map[bool]string{true: "yes", false: "**no**"}[reached], limit, dovecot.cpuPerRound(), letterbox.cpuPerRound())
}

// cpuPerRound is empty where the server was restarted: its counters were too.
func (r *result) cpuPerRound() string {
	if r.cpu < 0 {
		return ""
	}
	return fmt.Sprintf("%.0f", milliseconds(r.cpu)/float64(len(r.figures)))
}

func (c *contest) measure(ctx context.Context, w workload, s server, round int) (float64, time.Duration, error) {
	if c.profile != "" {
		profiling, stop := context.WithCancel(ctx)
		defer stop()
		go s.Profile(profiling, filepath.Join(c.profile, w.name+".perf"), 10*time.Second)
	}
	root, before := s.Root(), cpuTime(s.Root())
	figure, err := w.run(ctx, c, s, round)
	if s.Root() != root {
		return figure, -time.Hour, err
	}
	return figure, cpuTime(root) - before, err
}

// offered reports whether all servers have a capability.
func (c *contest) offered(capability string) (bool, error) {
	if capability == "" {
		return true, nil
	}
	for _, s := range c.servers {
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
		if _, err := conn.do("CREATE large"); err != nil {
			return err
		}
		bag := newMailbag(1)
		c.bytes = 0
		for range c.messages {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			raw := bag.next()
			c.bytes += int64(len(raw))
			if err := conn.append("large", raw); err != nil {
				return err
			}
		}
	}
	return nil
}
