package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// workloads are the lines of the table, in an order in which none spoils the
// next. The goals are the project's own; that of "STORE one flag" is the speed of
// Dovecot's maildir, a third of sdbox's, since sdbox does not flush there and
// Letterbox does.
func workloads() []workload {
	large := func(command string) func(context.Context, *contest, server, int) (float64, error) {
		return onLarge(func(c *client) (float64, error) { return timed(c, command) })
	}
	return []workload{
		{name: "bytes on disk per byte of mail: bodies", atMost: 0.7, once: true, run: diskBodies},
		{name: "bytes on disk per byte of mail: the rest", atMost: 0.1, once: true, run: diskRest},
		{name: "start until the first greeting, 50 accounts", unit: "ms", atMost: 100, run: restart},
		{name: "first SELECT after start", unit: "ms", goal: 0.5, run: firstSelect},
		{name: "FETCH ENVELOPE BODYSTRUCTURE ..., first time", unit: "ms", goal: 10, once: true, run: large(fetchList)},
		{name: "SELECT warm, new connection", unit: "ms", goal: 1, run: selectWarm},
		{name: "FETCH FLAGS of all", unit: "ms", goal: 1.2, run: large("UID FETCH 1:* (FLAGS)")},
		{name: "FETCH ENVELOPE BODYSTRUCTURE ...", unit: "ms", goal: 3, run: large(fetchList)},
		{name: "FETCH HEADER.FIELDS", unit: "ms", goal: 1.2, run: large("UID FETCH 1:* (BODY.PEEK[HEADER.FIELDS (FROM TO SUBJECT DATE)])")},
		{name: "FETCH BODY[] of all", unit: "MB/s", higher: true, goal: 1, limit: limits.socketSpeed, run: fetchBodies},
		{name: "FETCH one random message, p50", unit: "ms", goal: 1, run: fetchRandom},
		{name: "APPEND one by one", unit: "msg/s", higher: true, goal: 2, limit: limits.flushesPerSecond, run: appendOne},
		{name: "APPEND, 10 connections of 10 users", unit: "msg/s", higher: true, goal: 2, limit: limits.flushesPerSecond, run: appendMany},
		{name: "STORE one flag on one message", unit: "/s", higher: true, goal: 0.33, limit: limits.flushesPerSecond, run: storeOne},
		{name: "STORE a flag on all", unit: "ms", goal: 0.33, run: storeAll},
		{name: "SEARCH SUBJECT", unit: "ms", goal: 5, run: large(`UID SEARCH SUBJECT "grihol"`)},
		{name: "SEARCH FROM", unit: "ms", goal: 5, run: large(`UID SEARCH FROM "person42@"`)},
		{name: "SEARCH TEXT, rare word", unit: "ms", goal: 100, run: large("UID SEARCH TEXT " + rareWord)},
		{name: "SEARCH BODY, word in 58 %", unit: "ms", goal: 10, run: large("UID SEARCH BODY " + commonWord)},
		{name: "SEARCH UNSEEN", unit: "ms", goal: 1, run: large("UID SEARCH UNSEEN")},
		{name: "SEARCH SINCE", unit: "ms", goal: 1, run: large("UID SEARCH SENTSINCE 1-Jun-2024")},
		{name: "SORT (SUBJECT)", unit: "ms", goal: 1, needs: "SORT", run: large("UID SORT (SUBJECT) UTF-8 ALL")},
		{name: "THREAD REFERENCES", unit: "ms", goal: 4, needs: "THREAD=REFERENCES", run: large("UID THREAD REFERENCES UTF-8 ALL")},
		{name: "COPY of all", unit: "ms", goal: 3, run: copyAll},
		{name: "MOVE of all", unit: "ms", goal: 3, run: moveAll},
		{name: "EXPUNGE of half", unit: "ms", goal: 1, run: expungeHalf},
		{name: "CREATE", unit: "/s", higher: true, goal: 5, run: create},
		{name: "LIST-STATUS of 500", unit: "ms", goal: 1, needs: "LIST-STATUS", run: listStatus},
		{name: "sign-in", unit: "/s", higher: true, goal: 5, run: signIns},
		{name: "EXISTS at 100 idling clients, p99", unit: "ms", atMost: 10, run: idleWake},
		{name: "memory per idle connection, TLS, empty mailbox", unit: "kB", atMost: 32, once: true, run: idleMemory(true, "INBOX")},
		{name: "memory per idle connection, TLS, large mailbox", unit: "kB", atMost: 36, once: true, run: idleMemory(true, "large")},
		{name: "memory per idle connection, plain, empty mailbox", unit: "kB", atMost: 24, once: true, run: idleMemory(false, "INBOX")},
		{name: "memory per idle connection, plain, large mailbox", unit: "kB", atMost: 28, once: true, run: idleMemory(false, "large")},
		{name: "resident memory at rest after start", unit: "MB", atMost: 30, once: true, run: restMemory},
	}
}

const fetchList = "UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)"

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1e3 }

// timed runs one command and returns its milliseconds.
func timed(c *client, command string) (float64, error) {
	begin := time.Now()
	_, err := c.do("%s", command)
	return milliseconds(time.Since(begin)), err
}

// onLarge signs user 0 in, selects the large mailbox and calls run.
func onLarge(run func(*client) (float64, error)) func(context.Context, *contest, server, int) (float64, error) {
	return func(_ context.Context, _ *contest, s server, _ int) (float64, error) {
		c, err := signIn(s, 0, false)
		if err != nil {
			return 0, err
		}
		defer c.Close()
		if _, err := c.do("SELECT large"); err != nil {
			return 0, err
		}
		return run(c)
	}
}

func restart(ctx context.Context, _ *contest, s server, _ int) (float64, error) {
	s.Stop()
	begin := time.Now()
	err := s.Start(ctx)
	return milliseconds(time.Since(begin)), err
}

func firstSelect(ctx context.Context, c *contest, s server, round int) (float64, error) {
	if _, err := restart(ctx, c, s, round); err != nil {
		return 0, err
	}
	conn, err := signIn(s, 0, false)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	return timed(conn, "SELECT large")
}

func selectWarm(_ context.Context, _ *contest, s server, _ int) (float64, error) {
	var times []float64
	for range 20 {
		c, err := signIn(s, 0, false)
		if err != nil {
			return 0, err
		}
		took, err := timed(c, "SELECT large")
		c.Close()
		if err != nil {
			return 0, err
		}
		times = append(times, took)
	}
	return median(times), nil
}

func median(figures []float64) float64 {
	slices.Sort(figures)
	return figures[len(figures)/2]
}

func fetchBodies(ctx context.Context, c *contest, s server, round int) (float64, error) {
	return onLarge(func(conn *client) (float64, error) {
		before := conn.read
		took, err := timed(conn, "UID FETCH 1:* (BODY.PEEK[])")
		return float64(conn.read-before) / 1e6 / (took / 1e3), err
	})(ctx, c, s, round)
}

func fetchRandom(ctx context.Context, c *contest, s server, round int) (float64, error) {
	return onLarge(func(conn *client) (float64, error) {
		random := rand.New(rand.NewPCG(uint64(round), 1))
		var times []float64
		for range 500 {
			took, err := timed(conn, fmt.Sprintf("FETCH %d (BODY.PEEK[])", 1+random.IntN(c.messages)))
			if err != nil {
				return 0, err
			}
			times = append(times, took)
		}
		return median(times), nil
	})(ctx, c, s, round)
}

func appendOne(_ context.Context, _ *contest, s server, round int) (float64, error) {
	return appends(s, 1, 300, uint64(100+round))
}

func appendMany(_ context.Context, _ *contest, s server, round int) (float64, error) {
	return appends(s, 10, 100, uint64(1000+round*100))
}

// appends adds each messages over connections of as many users, and returns
// messages a second.
func appends(s server, connections, each int, seed uint64) (float64, error) {
	clients := make([]*client, connections)
	mail := make([][][]byte, connections)
	for i := range clients {
		c, err := signIn(s, 10+i, false)
		if err != nil {
			return 0, err
		}
		defer c.Close()
		clients[i] = c
		bag := newMailbag(seed + uint64(i))
		for range each {
			mail[i] = append(mail[i], bag.next())
		}
	}
	failed := make([]error, connections)
	var all sync.WaitGroup
	begin := time.Now()
	for i, c := range clients {
		all.Go(func() {
			for _, raw := range mail[i] {
				if failed[i] = c.append("INBOX", raw); failed[i] != nil {
					return
				}
			}
		})
	}
	all.Wait()
	took := time.Since(begin)
	for _, err := range failed {
		if err != nil {
			return 0, err
		}
	}
	return float64(connections*each) / took.Seconds(), nil
}

func storeOne(ctx context.Context, c *contest, s server, round int) (float64, error) {
	return onLarge(func(conn *client) (float64, error) {
		const times = 500
		sign := []string{"+", "-"}[round%2]
		begin := time.Now()
		for n := range times {
			if _, err := conn.do("STORE %d %sFLAGS (\\Flagged)", 1+n, sign); err != nil {
				return 0, err
			}
		}
		return times / time.Since(begin).Seconds(), nil
	})(ctx, c, s, round)
}

func storeAll(ctx context.Context, c *contest, s server, round int) (float64, error) {
	sign := []string{"+", "-"}[round%2]
	return onLarge(func(conn *client) (float64, error) {
		return timed(conn, "STORE 1:* "+sign+"FLAGS (\\Answered)")
	})(ctx, c, s, round)
}

// withCopy makes a copy of the large mailbox under the name, and times doing so.
func withCopy(conn *client, name string) (float64, error) {
	if _, err := conn.do("CREATE %s", name); err != nil {
		return 0, err
	}
	return timed(conn, "COPY 1:* "+name)
}

func copyAll(ctx context.Context, c *contest, s server, round int) (float64, error) {
	return onLarge(func(conn *client) (float64, error) {
		took, err := withCopy(conn, "copied")
		if err != nil {
			return 0, err
		}
		_, err = conn.do("DELETE copied")
		return took, err
	})(ctx, c, s, round)
}

func moveAll(ctx context.Context, c *contest, s server, round int) (float64, error) {
	return onLarge(func(conn *client) (float64, error) {
		if _, err := withCopy(conn, "source"); err != nil {
			return 0, err
		}
		for _, command := range []string{"CREATE target", "SELECT source"} {
			if _, err := conn.do("%s", command); err != nil {
				return 0, err
			}
		}
		took, err := timed(conn, "MOVE 1:* target")
		if err != nil {
			return 0, err
		}
		for _, command := range []string{"UNSELECT", "DELETE source", "DELETE target"} {
			if _, err := conn.do("%s", command); err != nil {
				return 0, err
			}
		}
		return took, nil
	})(ctx, c, s, round)
}

func expungeHalf(ctx context.Context, c *contest, s server, round int) (float64, error) {
	return onLarge(func(conn *client) (float64, error) {
		if _, err := withCopy(conn, "halved"); err != nil {
			return 0, err
		}
		for _, command := range []string{"SELECT halved", fmt.Sprintf("STORE 1:%d +FLAGS.SILENT (\\Deleted)", c.messages/2)} {
			if _, err := conn.do("%s", command); err != nil {
				return 0, err
			}
		}
		took, err := timed(conn, "EXPUNGE")
		if err != nil {
			return 0, err
		}
		if _, err := conn.do("UNSELECT"); err != nil {
			return 0, err
		}
		_, err = conn.do("DELETE halved")
		return took, err
	})(ctx, c, s, round)
}

func create(_ context.Context, _ *contest, s server, round int) (float64, error) {
	c, err := signIn(s, 30, false)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	const times = 100
	begin := time.Now()
	for n := range times {
		if _, err := c.do("CREATE box-%d-%d", round, n); err != nil {
			return 0, err
		}
	}
	return times / time.Since(begin).Seconds(), nil
}

// listStatus lists the mailboxes that create made; five rounds of it are 500.
func listStatus(_ context.Context, _ *contest, s server, _ int) (float64, error) {
	c, err := signIn(s, 30, false)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	return timed(c, `LIST "" "*" RETURN (STATUS (MESSAGES UNSEEN UIDNEXT UIDVALIDITY))`)
}

func signIns(_ context.Context, _ *contest, s server, _ int) (float64, error) {
	const times = 50
	begin := time.Now()
	for range times {
		c, err := signIn(s, 0, false)
		if err != nil {
			return 0, err
		}
		c.Close()
	}
	return times / time.Since(begin).Seconds(), nil
}
