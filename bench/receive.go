package main

import (
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
// delivers later is waited for, and what that takes is in its processor time.
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
	fmt.Println("| connections | messages | Postfix, accepted/s | Letterbox, accepted/s | ratio | CPU ms a message, Postfix | Letterbox |")
	fmt.Println("|---|---|---|---|---|---|---|")
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
	rates, cpu := make([][]float64, len(servers)), make([]time.Duration, len(servers))
	for round := range rounds {
		mail := newMailbag(uint64(round*100 + connections))
		bag := make([][]byte, messages)
		for i := range bag {
			bag[i] = mail.next()
		}
		for i, s := range servers {
			before := cpuTime(s.Root())
			rate, err := receive(ctx, s, connections, bag)
			if err != nil {
				return fmt.Errorf("%s: %w", s.Name(), err)
			}
			rates[i], cpu[i] = append(rates[i], rate), cpu[i]+cpuTime(s.Root())-before
		}
	}
	median := func(list []float64) float64 { slices.Sort(list); return list[len(list)/2] }
	each := func(d time.Duration) float64 { return milliseconds(d) / float64(rounds*messages) }
	fmt.Printf("| %d | %d | %.0f | %.0f | %.2f | %.2f | %.2f |\n", connections, messages,
		median(rates[0]), median(rates[1]), median(rates[1])/median(rates[0]), each(cpu[0]), each(cpu[1]))
	return nil
}

// receive brings mail over so many connections and returns how many a second were
// accepted; then it waits until all are in mailboxes.
func receive(ctx context.Context, s receiver, connections int, mail [][]byte) (rate float64, err error) {
	mailers := make([]*mailer, connections)
	for i := range mailers {
		if mailers[i], err = newMailer(s.SMTP(), i); err != nil {
			return 0, err
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
		return 0, err
	}
	took := time.Since(begin)
	return float64(len(mail)) / took.Seconds(), s.Settle(ctx)
}
