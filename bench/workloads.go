package main

import (
	"context"
	"math/rand/v2"
	"time"
)

// workloads are the lines of the table, in an order in which none spoils the
// next. The goals are the project's own. "STORE one flag" is measured beside
// Dovecot's maildir, which renames a file; neither of its formats flushes then,
// and Letterbox does.
func workloads() []workload {
	return []workload{
		{name: "bytes on disk per byte of mail: bodies", atMost: 0.7, once: true, run: diskBodies},
		{name: "bytes on disk per byte of mail: the rest", atMost: 0.1, once: true, run: diskRest},
		{name: "bytes on disk per byte of mail: full-text index", once: true, alone: true, run: diskSearch},
		{name: "start until the first greeting, 50 accounts", unit: "ms", atMost: 100, run: restart},
		{name: "first SELECT after start", unit: "ms", goal: 0.5, run: firstSelect},
		{name: "FETCH ENVELOPE BODYSTRUCTURE ..., first time", unit: "ms", goal: 10, once: true, run: large(fetchList)},
		{name: "SELECT warm, new connection", unit: "ms", goal: 1, run: selectWarm},
		{name: "FETCH FLAGS of all", unit: "ms", goal: 1.2, run: large("UID FETCH 1:* (FLAGS)")},
		{name: "FETCH ENVELOPE BODYSTRUCTURE ...", unit: "ms", goal: 3, run: large(fetchList)},
		{name: "FETCH HEADER.FIELDS", unit: "ms", goal: 1.2, run: large("UID FETCH 1:* (BODY.PEEK[HEADER.FIELDS (FROM TO SUBJECT DATE)])")},
		{name: "FETCH BODY[] of all", unit: "MB/s", higher: true, goal: 1, run: fetchBodies},
		{name: "FETCH one random message, p50", unit: "ms", goal: 1, run: fetchRandom},
		{name: "APPEND one by one", unit: "msg/s", higher: true, goal: 2, run: appendOne},
		{name: "APPEND, 10 connections of 10 users", unit: "msg/s", higher: true, goal: 2, run: appendMany},
		{name: "STORE one flag on one message (beside maildir)", unit: "/s", higher: true, goal: 1, run: storeOne},
		{name: "STORE a flag on all", unit: "ms", goal: 0.33, run: storeAll},
		{name: "SEARCH SUBJECT", unit: "ms", goal: 5, run: large(`UID SEARCH SUBJECT "grihol"`)},
		{name: "SEARCH FROM", unit: "ms", goal: 5, run: large(`UID SEARCH FROM "person42@"`)},
		{name: "SEARCH TEXT, rare word", unit: "ms", goal: 100, run: large("UID SEARCH TEXT " + rareWord)},
		{name: "SEARCH BODY, word in 58 %", unit: "ms", goal: 10, run: large("UID SEARCH BODY " + commonWord)},
		{name: "SEARCH UNSEEN", unit: "ms", goal: 1, run: large("UID SEARCH UNSEEN")},
		{name: "SEARCH SINCE", unit: "ms", goal: 1, run: large("UID SEARCH SINCE 1-Jun-2024")},
		{name: "SEARCH SENTSINCE", unit: "ms", goal: 1, run: large("UID SEARCH SENTSINCE 1-Jun-2024")},
		{name: "SORT (SUBJECT)", unit: "ms", goal: 1, needs: "SORT", run: large("UID SORT (SUBJECT) UTF-8 ALL")},
		{name: "THREAD REFERENCES", unit: "ms", goal: 4, needs: "THREAD=REFERENCES", run: large("UID THREAD REFERENCES UTF-8 ALL")},
		{name: "QRESYNC after 100 changes, 20 expunges", unit: "ms", goal: 1, needs: "QRESYNC", run: resync},
		{name: "COPY of all", unit: "ms", goal: 3, run: copyAll},
		{name: "MOVE of all", unit: "ms", goal: 3, run: moveAll},
		{name: "EXPUNGE of half", unit: "ms", goal: 1, run: expungeHalf},
		{name: "CREATE", unit: "/s", higher: true, goal: 5, run: create},
		{name: "LIST-STATUS of 500", unit: "ms", goal: 1, needs: "LIST-STATUS", run: listStatus},
		{name: "sign-in", unit: "/s", higher: true, goal: 5, run: signIns},
	}
}

const fetchList = "UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)"

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1e3 }

// timed runs one command, which has to flush so often, and returns its
// milliseconds.
func (c *contest) timed(conn *client, flushes int, format string, args ...any) (sample, error) {
	before, begin := conn.read, time.Now()
	_, err := conn.do(format, args...)
	return sample{milliseconds(time.Since(begin)), c.limits.least(conn.read-before, 1, flushes)}, err
}

// rate is for times operations of the same kind since begin, each with a round
// trip and so many flushes.
func (c *contest) rate(times int, begin time.Time, flushes int) sample {
	return sample{float64(times) / time.Since(begin).Seconds(), 1e3 / c.limits.least(0, 1, flushes)}
}

// onLarge signs user 0 in, selects the large mailbox and calls run.
func onLarge(run func(*contest, *client, int) (sample, error)) func(context.Context, *contest, server, int) (sample, error) {
	return func(_ context.Context, c *contest, s server, round int) (sample, error) {
		conn, err := signIn(s, 0, false)
		if err != nil {
			return sample{}, err
		}
		defer conn.Close()
		if _, err := conn.do("SELECT large"); err != nil {
			return sample{}, err
		}
		return run(c, conn, round)
	}
}

// large times one command on the large mailbox.
func large(command string) func(context.Context, *contest, server, int) (sample, error) {
	return onLarge(func(c *contest, conn *client, _ int) (sample, error) { return c.timed(conn, 0, "%s", command) })
}

func restart(ctx context.Context, _ *contest, s server, _ int) (sample, error) {
	s.Stop()
	begin := time.Now()
	err := s.Start(ctx)
	return sample{figure: milliseconds(time.Since(begin))}, err
}

func firstSelect(ctx context.Context, c *contest, s server, round int) (sample, error) {
	if _, err := restart(ctx, c, s, round); err != nil {
		return sample{}, err
	}
	conn, err := signIn(s, 0, false)
	if err != nil {
		return sample{}, err
	}
	defer conn.Close()
	return c.timed(conn, 0, "SELECT large")
}

func selectWarm(_ context.Context, c *contest, s server, _ int) (sample, error) {
	var took []sample
	for range 20 {
		conn, err := signIn(s, 0, false)
		if err != nil {
			return sample{}, err
		}
		one, err := c.timed(conn, 0, "SELECT large")
		conn.Close()
		if err != nil {
			return sample{}, err
		}
		took = append(took, one)
	}
	return (&result{samples: took}).median(), nil
}

func fetchBodies(ctx context.Context, c *contest, s server, round int) (sample, error) {
	return onLarge(func(c *contest, conn *client, _ int) (sample, error) {
		before := conn.read
		took, err := c.timed(conn, 0, "UID FETCH 1:* (BODY.PEEK[])")
		return sample{float64(conn.read-before) / 1e3 / took.figure, c.limits.socket}, err
	})(ctx, c, s, round)
}

func fetchRandom(ctx context.Context, c *contest, s server, round int) (sample, error) {
	return onLarge(func(c *contest, conn *client, round int) (sample, error) {
		random := rand.New(rand.NewPCG(uint64(round), 1))
		var took []sample
		for range 500 {
			one, err := c.timed(conn, 0, "FETCH %d (BODY.PEEK[])", 1+random.IntN(c.messages))
			if err != nil {
				return sample{}, err
			}
			took = append(took, one)
		}
		return (&result{samples: took}).median(), nil
	})(ctx, c, s, round)
}

func create(_ context.Context, c *contest, s server, round int) (sample, error) {
	conn, err := signIn(s, 30, false)
	if err != nil {
		return sample{}, err
	}
	defer conn.Close()
	const times = 100
	begin := time.Now()
	for n := range times {
		if _, err := conn.do("CREATE box-%d-%d", round, n); err != nil {
			return sample{}, err
		}
	}
	return c.rate(times, begin, 1), nil
}

// listStatus lists the mailboxes that create made; five rounds of it are 500.
func listStatus(_ context.Context, c *contest, s server, _ int) (sample, error) {
	conn, err := signIn(s, 30, false)
	if err != nil {
		return sample{}, err
	}
	defer conn.Close()
	return c.timed(conn, 0, `LIST "" "*" RETURN (STATUS (MESSAGES UNSEEN UIDNEXT UIDVALIDITY))`)
}

func signIns(_ context.Context, c *contest, s server, _ int) (sample, error) {
	const times = 50
	begin := time.Now()
	for range times {
		conn, err := signIn(s, 0, false)
		if err != nil {
			return sample{}, err
		}
		conn.Close()
	}
	return c.rate(times, begin, 0), nil
}
