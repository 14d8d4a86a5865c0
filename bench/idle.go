package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// idleWorkloads are those with many connections that wait.
func idleWorkloads() []workload {
	list := []workload{
		{name: "EXISTS at 100 idling clients, p99", unit: "ms", atMost: 10, run: idleWake},
		{name: "resident memory at rest after start", unit: "MB", atMost: 30, once: true, run: restMemory},
	}
	for _, n := range []int{200, 1000} {
		for _, kind := range []struct {
			name    string
			private bool
			mailbox string
			atMost  float64
		}{
			{"plain, empty mailbox", false, "INBOX", 24},
			{"plain, large mailbox", false, "large", 28},
			{"TLS, empty mailbox", true, "INBOX", 32},
			{"TLS, large mailbox", true, "large", 36},
		} {
			list = append(list, workload{
				name: fmt.Sprintf("memory per idle connection, %d, %s", n, kind.name),
				unit: "kB", atMost: kind.atMost, once: true, alone: n > 200,
				run: idleMemory(n, kind.private, kind.mailbox),
			})
		}
	}
	return append(list, workload{
		name: "5,000 idle connections of 50 accounts: EXISTS at 100 of them, slowest", unit: "ms", atMost: 100,
		once: true, alone: true, run: idleCrowd,
	})
}

// idlers opens n connections that idle in a mailbox.
func idlers(s server, n int, private bool, mailbox string, user func(int) int) ([]*client, error) {
	var clients []*client
	for i := range n {
		c, err := signIn(s, user(i), private)
		if err != nil {
			return clients, err
		}
		clients = append(clients, c)
		if _, err := c.do("SELECT %s", mailbox); err != nil {
			return clients, err
		}
		if _, err := c.send("IDLE"); err != nil {
			return clients, err
		}
		if line, err := c.response(); err != nil || !strings.HasPrefix(line, "+") {
			return clients, errors.Join(err, errors.New("IDLE was answered with "+line))
		}
	}
	return clients, nil
}

func closeAll(clients []*client) {
	for _, c := range clients {
		c.Close()
	}
}

// byTurns gives the connections to all users, always to gives them to one.
func byTurns(i int) int { return i % users }

func always(user int) func(int) int { return func(int) int { return user } }

// idleWake appends messages one by one and takes the time from the OK of each to
// the EXISTS at each of 100 idling connections.
func idleWake(_ context.Context, _ *contest, s server, round int) (sample, error) {
	clients, err := idlers(s, 100, false, "INBOX", always(40))
	defer closeAll(clients)
	if err != nil {
		return sample{}, err
	}
	times, err := wakeTimes(s, clients, 40, uint64(5000+round))
	if err != nil {
		return sample{}, err
	}
	return sample{figure: max(times[len(times)*99/100], 0.01)}, nil
}

// wakeTimes appends five messages to INBOX and returns, sorted, how long each of
// the clients took to hear of each.
func wakeTimes(s server, clients []*client, user int, seed uint64) ([]float64, error) {
	writer, err := signIn(s, user, false)
	if err != nil {
		return nil, err
	}
	defer writer.Close()
	bag := newMailbag(seed)
	var times []float64
	for range 5 {
		heard := make([]time.Time, len(clients))
		failed := make([]error, len(clients))
		var all sync.WaitGroup
		for i, c := range clients {
			all.Go(func() { heard[i], failed[i] = c.waitExists() })
		}
		if err := writer.append("INBOX", bag.next()); err != nil {
			return nil, err
		}
		acknowledged := time.Now()
		all.Wait()
		if err := errors.Join(failed...); err != nil {
			return nil, err
		}
		for _, at := range heard {
			times = append(times, max(milliseconds(at.Sub(acknowledged)), 0))
		}
	}
	slices.Sort(times)
	return times, nil
}

// waitExists reads until an EXISTS.
func (c *client) waitExists() (time.Time, error) {
	for {
		line, err := c.response()
		if err != nil {
			return time.Time{}, err
		}
		if strings.HasSuffix(line, " EXISTS") {
			return time.Now(), nil
		}
	}
}

// idleCrowd holds 5,000 connections and measures how soon those of one account
// hear of a message.
func idleCrowd(ctx context.Context, c *contest, s server, round int) (sample, error) {
	clients, err := idlers(s, 5000, false, "INBOX", byTurns)
	defer closeAll(clients)
	if err != nil {
		return sample{}, fmt.Errorf("after %d connections: %w", len(clients), err)
	}
	var ofOne []*client
	for i, client := range clients {
		if byTurns(i) == 40 {
			ofOne = append(ofOne, client)
		}
	}
	times, err := wakeTimes(s, ofOne, 40, uint64(6000+round))
	if err != nil {
		return sample{}, err
	}
	return sample{figure: times[len(times)-1]}, nil
}

// calm waits until the server has used no processor time for a while: what it
// does behind is done then, and what a burst left behind is given back.
func calm(ctx context.Context, s server, patience time.Duration) {
	const quiet = 5 * time.Second
	last, since := cpuTime(s.Root()), time.Now()
	for began := since; time.Since(since) < quiet && time.Since(began) < patience && ctx.Err() == nil; {
		time.Sleep(100 * time.Millisecond)
		if now := cpuTime(s.Root()); now > last {
			last, since = now, time.Now()
		}
	}
}

// idleMemory is what each of n idling connections adds to the memory of the
// server's processes, the kernel's socket buffers apart.
func idleMemory(n int, private bool, mailbox string) func(context.Context, *contest, server, int) (sample, error) {
	return func(ctx context.Context, c *contest, s server, round int) (sample, error) {
		if _, err := restart(ctx, c, s, round); err != nil {
			return sample{}, err
		}
		user := byTurns
		if mailbox == "large" {
			user = always(0)
		}
		warm, err := idlers(s, users, private, mailbox, user) // signs every user in once; views and caches are there
		defer closeAll(warm)
		if err != nil {
			return sample{}, err
		}
		calm(ctx, s, 2*time.Minute)
		before := memory(s.Root())
		clients, err := idlers(s, n, private, mailbox, user)
		defer closeAll(clients)
		if err != nil {
			return sample{}, err
		}
		calm(ctx, s, 2*time.Minute)
		return sample{figure: float64(memory(s.Root())-before) / float64(n) / 1024}, nil
	}
}

func restMemory(ctx context.Context, c *contest, s server, round int) (sample, error) {
	if _, err := restart(ctx, c, s, round); err != nil {
		return sample{}, err
	}
	calm(ctx, s, 2*time.Minute)
	return sample{figure: float64(memory(s.Root())) / 1e6}, nil
}
