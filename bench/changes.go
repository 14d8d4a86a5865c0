package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

func appendOne(_ context.Context, c *contest, s server, round int) (sample, error) {
	return c.appends(s, 1, 300, uint64(100+round))
}

func appendMany(_ context.Context, c *contest, s server, round int) (sample, error) {
	return c.appends(s, 10, 100, uint64(1000+round*100))
}

// appends adds each messages over connections of as many users, and returns
// messages a second.
func (c *contest) appends(s server, connections, each int, seed uint64) (sample, error) {
	clients := make([]*client, connections)
	mail := make([][][]byte, connections)
	for i := range clients {
		conn, err := signIn(s, 10+i, false)
		if err != nil {
			return sample{}, err
		}
		defer conn.Close()
		clients[i] = conn
		bag := newMailbag(seed + uint64(i))
		for range each {
			mail[i] = append(mail[i], bag.next())
		}
	}
	failed := make([]error, connections)
	var all sync.WaitGroup
	begin := time.Now()
	for i, conn := range clients {
		all.Go(func() {
			for _, raw := range mail[i] {
				if failed[i] = conn.append("INBOX", raw); failed[i] != nil {
					return
				}
			}
		})
	}
	all.Wait()
	figure := c.rate(connections*each, begin, 1)
	for _, err := range failed {
		if err != nil {
			return sample{}, err
		}
	}
	return figure, nil
}

// sign alternates, so that every round changes something.
func sign(round int) string { return []string{"+", "-"}[round%2] }

func storeOne(ctx context.Context, c *contest, s server, round int) (sample, error) {
	conn, err := signIn(s, maildirUser, false)
	if err != nil {
		return sample{}, err
	}
	defer conn.Close()
	const times = 500
	if round == 0 {
		if _, err := fill(ctx, conn, "flagged", times, newSmallMailbag(1).next); err != nil {
			return sample{}, err
		}
		calm(ctx, s, time.Minute)
	}
	if err := doAll(conn, "SELECT flagged"); err != nil {
		return sample{}, err
	}
	begin := time.Now()
	for n := range times {
		if _, err := conn.do("STORE %d %sFLAGS (\\Flagged)", 1+n, sign(round)); err != nil {
			return sample{}, err
		}
	}
	return c.rate(times, begin, 1), nil
}

func storeAll(ctx context.Context, c *contest, s server, round int) (sample, error) {
	return onLarge(func(c *contest, conn *client, round int) (sample, error) {
		return c.timed(conn, 1, "STORE 1:* %sFLAGS (\\Answered)", sign(round))
	})(ctx, c, s, round)
}

// withCopy makes a copy of the large mailbox under the name, and times doing so.
func (c *contest) withCopy(conn *client, name string) (sample, error) {
	if _, err := conn.do("CREATE %s", name); err != nil {
		return sample{}, err
	}
	return c.timed(conn, 1, "COPY 1:* %s", name)
}

// doAll runs commands that need no measuring.
func doAll(conn *client, commands ...string) error {
	for _, command := range commands {
		if _, err := conn.do("%s", command); err != nil {
			return fmt.Errorf("%s: %w", command, err)
		}
	}
	return nil
}

func copyAll(ctx context.Context, c *contest, s server, round int) (sample, error) {
	return onLarge(func(c *contest, conn *client, _ int) (sample, error) {
		took, err := c.withCopy(conn, "copied")
		if err != nil {
			return took, err
		}
		return took, doAll(conn, "DELETE copied")
	})(ctx, c, s, round)
}

func moveAll(ctx context.Context, c *contest, s server, round int) (sample, error) {
	return onLarge(func(c *contest, conn *client, _ int) (sample, error) {
		if _, err := c.withCopy(conn, "source"); err != nil {
			return sample{}, err
		}
		if err := doAll(conn, "CREATE target", "SELECT source"); err != nil {
			return sample{}, err
		}
		took, err := c.timed(conn, 1, "MOVE 1:* target")
		if err != nil {
			return took, err
		}
		return took, doAll(conn, "UNSELECT", "DELETE source", "DELETE target")
	})(ctx, c, s, round)
}

func expungeHalf(ctx context.Context, c *contest, s server, round int) (sample, error) {
	return onLarge(func(c *contest, conn *client, _ int) (sample, error) {
		if _, err := c.withCopy(conn, "halved"); err != nil {
			return sample{}, err
		}
		half := fmt.Sprintf("STORE 1:%d +FLAGS.SILENT (\\Deleted)", c.messages/2)
		if err := doAll(conn, "SELECT halved", half); err != nil {
			return sample{}, err
		}
		took, err := c.timed(conn, 1, "EXPUNGE")
		if err != nil {
			return took, err
		}
		return took, doAll(conn, "UNSELECT", "DELETE halved")
	})(ctx, c, s, round)
}

// resync is what a client does that comes back (RFC 7162): one SELECT tells it of
// 100 changed flags and 20 messages that are gone.
func resync(ctx context.Context, c *contest, s server, round int) (sample, error) {
	return onLarge(func(c *contest, conn *client, _ int) (sample, error) {
		if _, err := c.withCopy(conn, "away"); err != nil {
			return sample{}, err
		}
		if err := doAll(conn, "ENABLE QRESYNC"); err != nil {
			return sample{}, err
		}
		known, err := conn.selected("away")
		if err != nil {
			return sample{}, err
		}
		err = doAll(conn, "STORE 101:200 +FLAGS.SILENT (\\Flagged)", "STORE 301:320 +FLAGS.SILENT (\\Deleted)", "EXPUNGE", "UNSELECT")
		if err != nil {
			return sample{}, err
		}
		took, err := c.timed(conn, 0, "SELECT away (QRESYNC (%s %s))", known["UIDVALIDITY"], known["HIGHESTMODSEQ"])
		if err != nil {
			return took, err
		}
		return took, doAll(conn, "UNSELECT", "DELETE away")
	})(ctx, c, s, round)
}

// selected selects a mailbox and returns the response codes with a number.
func (c *client) selected(mailbox string) (map[string]string, error) {
	tag, err := c.send("SELECT %s", mailbox)
	if err != nil {
		return nil, err
	}
	codes := map[string]string{}
	for {
		line, err := c.response()
		if err != nil || strings.HasPrefix(line, tag) {
			return codes, err
		}
		if rest, ok := strings.CutPrefix(line, "* OK ["); ok {
			code, _, _ := strings.Cut(rest, "]")
			name, number, _ := strings.Cut(code, " ")
			codes[name] = number
		}
	}
}
