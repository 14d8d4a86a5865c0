package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// A receiver takes mail by SMTP.
type receiver interface {
	Name() string
	Start(context.Context) error
	Stop()
	SMTP() string
	Root() int
	Settle(context.Context) error // until all that was accepted is delivered and indexed
}

// arrivals are so many messages over so many connections at a time.
var arrivals = []struct{ connections, messages int }{{1, 400}, {10, 2000}, {50, 4000}}

// runReceive measures how many messages a second are accepted, beside Postfix: A B A
// B, each with the disk and the processors to itself. A server that accepts first and
// does the rest later is waited for, and its processor time is told apart.
func runReceive(ctx context.Context, o options, dir string) error {
	theirs, err := newPostfix(filepath.Join(dir, "postfix"))
	if err != nil {
		return err
	}
	ours, err := newLetterbox(filepath.Join(dir, "letterbox"))
	if err != nil {
		return err
	}
	servers := []receiver{theirs, ours}
	for _, s := range servers {
		if err := s.Start(ctx); err != nil {
			return fmt.Errorf("start %s: %w", s.Name(), err)
		}
		defer s.Stop()
	}
	flush, err := flushTime(dir)
	if err != nil {
		return err
	}
	load, _ := os.ReadFile("/proc/loadavg")
	fmt.Printf("%d rounds; a flush %.2f ms; load before: %.14s\n\n", o.rounds, milliseconds(flush), load)
	fmt.Println("| connections | messages | Postfix, accepted/s | Letterbox, accepted/s | ratio | CPU ms a message until accepted, Postfix | Letterbox | in all, Postfix | Letterbox |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|")
	for _, a := range arrivals {
		if o.profile != "" {
			stop, err := ours.Profile(filepath.Join(o.profile, fmt.Sprintf("receive %d.perf", a.connections)))
			if err != nil {
				return err
			}
			defer stop()
		}
		if err := compareReceivers(ctx, servers, o.rounds, a.connections, a.messages); err != nil {
			return err
		}
	}
	return nil
}

// compareReceivers prints a row.
func compareReceivers(ctx context.Context, servers []receiver, rounds, connections, messages int) error {
	costs := make([][]cost, len(servers))
	for round := range rounds {
		mail := newMailbag(uint64(round*100 + connections))
		bag := make([][]byte, messages)
		for i := range bag {
			bag[i] = mail.next()
		}
		for i, s := range servers {
			c, err := receive(ctx, s, connections, bag)
			if err != nil {
				return fmt.Errorf("%s: %w", s.Name(), err)
			}
			costs[i] = append(costs[i], c)
		}
	}
	theirs, ours := middle(costs[0]), middle(costs[1])
	each := func(d time.Duration) float64 { return milliseconds(d) / float64(messages) }
	fmt.Printf("| %d | %d | %.0f | %.0f | %.2f | %.2f | %.2f | %.2f | %.2f |\n", connections, messages,
		theirs.rate, ours.rate, ours.rate/theirs.rate, each(theirs.accept), each(ours.accept), each(theirs.all), each(ours.all))
	return nil
}

// middle is the round of the median rate.
func middle(rounds []cost) cost {
	slices.SortFunc(rounds, func(a, b cost) int { return cmp.Compare(a.rate, b.rate) })
	return rounds[len(rounds)/2]
}

// receive brings mail over so many connections, waits until all is in mailboxes and
// indexed, and returns what it took.
func receive(ctx context.Context, s receiver, connections int, mail [][]byte) (c cost, err error) {
	before := cpuTime(s.Root())
	mailers := make([]*mailer, connections)
	for i := range mailers {
		if mailers[i], err = newMailer(s.SMTP(), i); err != nil {
			return c, err
		}
		defer mailers[i].Close()
	}
	next := make(chan []byte, len(mail))
	for _, raw := range mail {
		next <- raw
	}
	close(next)
	begin := time.Now()
	var group errgroup.Group
	for _, m := range mailers {
		group.Go(func() error {
			for raw := range next {
				if err := m.send(raw); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return c, err
	}
	c.rate, c.accept = float64(len(mail))/time.Since(begin).Seconds(), cpuTime(s.Root())-before
	err = s.Settle(ctx)
	c.all = cpuTime(s.Root()) - before
	return c, err
}

// A cost is what it takes a server to receive mail.
type cost struct {
	rate        float64       // messages accepted a second
	accept, all time.Duration // of the processors: until the last was accepted, and in all
}
