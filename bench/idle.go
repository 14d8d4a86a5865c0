package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
)

// idlers opens n connections of 50 accounts that idle in a mailbox, those of the
// large one all of user 0.
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

// idleWake appends messages one by one and takes the time from the OK of each to
// the EXISTS at each of 100 idling connections.
func idleWake(_ context.Context, _ *contest, s server, round int) (float64, error) {
	clients, err := idlers(s, 100, false, "INBOX", func(int) int { return 40 })
	defer closeAll(clients)
	if err != nil {
		return 0, err
	}
	writer, err := signIn(s, 40, false)
	if err != nil {
		return 0, err
	}
	defer writer.Close()
	bag := newMailbag(uint64(5000 + round))
	var times []float64
	for range 5 {
		heard := make([]time.Time, len(clients))
		failed := make([]error, len(clients))
		var all sync.WaitGroup
		for i, c := range clients {
			all.Go(func() { heard[i], failed[i] = c.waitExists() })
		}
		if err := writer.append("INBOX", bag.next()); err != nil {
			return 0, err
		}
		acknowledged := time.Now()
		all.Wait()
		if err := errors.Join(failed...); err != nil {
			return 0, err
		}
		for _, at := range heard {
			times = append(times, max(milliseconds(at.Sub(acknowledged)), 0))
		}
	}
	slices.Sort(times)
	return max(times[len(times)*99/100], 0.01), nil
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

// idleMemory is what each idling connection adds to the server's memory.
func idleMemory(private bool, mailbox string) func(context.Context, *contest, server, int) (float64, error) {
	return func(ctx context.Context, c *contest, s server, round int) (float64, error) {
		if _, err := restart(ctx, c, s, round); err != nil {
			return 0, err
		}
		user := func(i int) int { return i % users }
		if mailbox == "large" {
			user = func(int) int { return 0 }
		}
		warm, err := idlers(s, users, private, mailbox, user) // signs every user in once; views and caches are there
		defer closeAll(warm)
		if err != nil {
			return 0, err
		}
		time.Sleep(2 * time.Second)
		before := memory(s.Root())
		clients, err := idlers(s, c.idle, private, mailbox, user)
		defer closeAll(clients)
		if err != nil {
			return 0, err
		}
		time.Sleep(5 * time.Second) // what is released, is released now
		return float64(memory(s.Root())-before) / float64(c.idle) / 1024, nil
	}
}

func restMemory(ctx context.Context, c *contest, s server, round int) (float64, error) {
	if _, err := restart(ctx, c, s, round); err != nil {
		return 0, err
	}
	time.Sleep(2 * time.Second)
	return float64(memory(s.Root())) / 1e6, nil
}

// The disk figures are taken first, when only the large mailbox is filled, and
// after a clean stop.
func diskBodies(ctx context.Context, c *contest, s server, _ int) (float64, error) {
	body, _, err := diskAtRest(ctx, s)
	return float64(body) / float64(c.bytes), err
}

func diskRest(ctx context.Context, c *contest, s server, _ int) (float64, error) {
	_, rest, err := diskAtRest(ctx, s)
	return float64(rest) / float64(c.bytes), err
}

func diskAtRest(ctx context.Context, s server) (body, rest int64, err error) {
	s.Stop()
	body, rest = s.Disk()
	return body, rest, s.Start(ctx)
}
