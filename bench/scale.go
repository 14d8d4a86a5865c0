package main

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"
)

// A step is what is measured in a mailbox of each size. grows says whether its
// answer grows with the mailbox: if not, its time may not either.
type step struct {
	name  string
	grows bool
	run   func(*contest, server, *scaled) (float64, error) // milliseconds
}

// scaled is the mailbox of one size, which one user has to themself.
type scaled struct {
	user, size int
	conn       *client // has it selected
	bag        *mailbag
}

const scaleMailbox = "scale"

func steps() []step {
	command := func(text string) func(*contest, server, *scaled) (float64, error) {
		return func(c *contest, _ server, m *scaled) (float64, error) {
			took, err := c.timed(m.conn, 0, "%s", text)
			return took.figure, err
		}
	}
	return []step{
		{name: "SELECT, warm", run: scaleSelect},
		{name: "APPEND of one", run: scaleAppend},
		{name: "EXISTS to an idling client", run: scaleIdle},
		{name: "FETCH of one that is new", run: command("FETCH * (UID FLAGS ENVELOPE BODYSTRUCTURE)")},
		{name: "STORE a flag on one", run: scaleStore},
		{name: "FETCH FLAGS of all", grows: true, run: command("UID FETCH 1:* (FLAGS)")},
		{name: "SEARCH UNSEEN", grows: true, run: command("UID SEARCH RETURN (COUNT) UNSEEN")},
		{name: "SEARCH SUBJECT", grows: true, run: command("UID SEARCH RETURN (COUNT) SUBJECT grihol")},
		{name: "SEARCH TEXT, rare word", grows: true, run: command("UID SEARCH RETURN (COUNT) TEXT " + rareWord)},
	}
}

// runScale fills mailboxes of the sizes and prints how each step grows.
func (c *contest) runScale(ctx context.Context, sizes []int) error {
	s := c.servers[len(c.servers)-1]
	var err error
	if c.limits, err = measureLimits(c.dir); err != nil {
		return err
	}
	var mailboxes []*scaled
	for i, size := range sizes {
		m := &scaled{user: i, size: size, bag: newSmallMailbag(uint64(i))}
		if err := m.fill(ctx, s); err != nil {
			return fmt.Errorf("fill %d: %w", size, err)
		}
		defer m.conn.Close()
		mailboxes = append(mailboxes, m)
	}
	begin := time.Now()
	if err := s.Settle(ctx); err != nil {
		return err
	}
	fmt.Printf("everything is indexed %.1f s later\n", time.Since(begin).Seconds())
	chart := chart{sizes: sizes}
	for _, st := range steps() {
		var line []float64
		for _, m := range mailboxes {
			took, err := c.repeat(st, s, m)
			if err != nil {
				return fmt.Errorf("%s in %d messages: %w", st.name, m.size, err)
			}
			line = append(line, took)
		}
		chart.add(st, line)
	}
	fmt.Print(chart.String())
	return nil
}

// repeat takes the median of the rounds.
func (c *contest) repeat(st step, s server, m *scaled) (float64, error) {
	var all result
	for range max(c.rounds, 3) {
		took, err := st.run(c, s, m)
		if err != nil {
			return 0, err
		}
		all.samples = append(all.samples, sample{figure: took})
	}
	return all.median().figure, nil
}

func (m *scaled) fill(ctx context.Context, s server) error {
	conn, err := signIn(s, m.user, false)
	if err != nil {
		return err
	}
	m.conn = conn
	begin := time.Now()
	if _, err := fill(ctx, conn, scaleMailbox, m.size, m.bag.next); err != nil {
		return err
	}
	fmt.Printf("%d messages in %.1f s\n", m.size, time.Since(begin).Seconds())
	_, err = conn.do("SELECT %s", scaleMailbox)
	return err
}

// scaleSelect is another session's SELECT.
func scaleSelect(c *contest, s server, m *scaled) (float64, error) {
	conn, err := signIn(s, m.user, false)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	took, err := c.timed(conn, 0, "SELECT %s", scaleMailbox)
	return took.figure, err
}

func scaleAppend(_ *contest, _ server, m *scaled) (float64, error) {
	const times = 20
	begin := time.Now()
	for range times {
		if err := m.conn.append(scaleMailbox, m.bag.next()); err != nil {
			return 0, err
		}
	}
	return milliseconds(time.Since(begin)) / times, nil
}

func scaleStore(c *contest, _ server, m *scaled) (float64, error) {
	const times = 10
	begin := time.Now()
	for i := range times {
		if _, err := m.conn.do("STORE * %sFLAGS (\\Flagged)", sign(i)); err != nil {
			return 0, err
		}
	}
	return milliseconds(time.Since(begin)) / times, nil
}

// scaleIdle is from the OK of an APPEND to the EXISTS elsewhere.
func scaleIdle(_ *contest, s server, m *scaled) (float64, error) {
	idling, err := idlers(s, 1, false, scaleMailbox, always(m.user))
	defer closeAll(idling)
	if err != nil {
		return 0, err
	}
	heard := make(chan time.Time, 1)
	go func() {
		at, _ := idling[0].waitExists()
		heard <- at
	}()
	if err := m.conn.append(scaleMailbox, m.bag.next()); err != nil {
		return 0, err
	}
	acknowledged := time.Now()
	return max(milliseconds((<-heard).Sub(acknowledged)), 0.01), nil
}

// A chart draws on a logarithmic scale how the time of each step grows.
type chart struct {
	sizes []int
	text  strings.Builder
}

// growing is how much more than the mailbox a time may grow before it counts as
// growing faster; clocks are noisy.
const growing = 1.25

func (c *chart) add(st step, times []float64) {
	fmt.Fprintf(&c.text, "\n%s%s\n", st.name, c.judge(st, times))
	for i, took := range times {
		bar := int(math.Round(8 * max(math.Log10(took)+2, 0.1))) // from 0.01 ms
		fmt.Fprintf(&c.text, "%9d  %-48s %.4g ms\n", c.sizes[i], strings.Repeat("█", bar), took)
	}
}

// judge says whether a step grows as it may: with the size, or hardly at all.
func (c *chart) judge(st step, times []float64) string {
	last := len(times) - 1
	if last < 1 {
		return ""
	}
	grew, larger := times[last]/times[0], float64(c.sizes[last])/float64(c.sizes[0])
	allowed := larger * growing
	if !st.grows {
		allowed = 2 * growing
	}
	verdict := "as it may"
	if grew > allowed {
		verdict = "**faster than it may**"
	}
	return fmt.Sprintf(": %.2g times the time for %g times the messages, %s", grew, larger, verdict)
}

func (c *chart) String() string { return c.text.String() }
