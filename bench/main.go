// Command bench measures Letterbox beside Dovecot: the same mail, the same
// client, the same machine, in turn. Wall times on a shared machine swing by two;
// what counts is the ratio within one run, and the CPU time that a server used.
//
//	go run ./bench                        everything, about ten minutes
//	go run ./bench -messages 1000 -rounds 3
//	go run ./bench -only 'FETCH|SEARCH'
//
// It needs Debian's dovecot-imapd and root (Dovecot changes users), listens on
// loopback alone and removes what it made.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
)

type options struct {
	messages int
	rounds   int
	idle     int
	only     *regexp.Regexp
	keep     bool
	profile  string
}

func main() {
	var o options
	only := flag.String("only", "", "run the workloads whose name matches")
	flag.IntVar(&o.messages, "messages", 10000, "messages in the large mailbox")
	flag.IntVar(&o.rounds, "rounds", 5, "rounds of each workload")
	flag.IntVar(&o.idle, "idle", 200, "connections for the memory of idle connections")
	flag.BoolVar(&o.keep, "keep", false, "keep the temporary folder")
	flag.StringVar(&o.profile, "profile", "", "write a CPU profile of Letterbox for each workload into this folder")
	flag.Parse()
	o.only = regexp.MustCompile(*only)

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp("", "letterbox-bench-")
	if err != nil {
		return err
	}
	if !o.keep {
		defer os.RemoveAll(dir)
	}
	if err := os.Chmod(dir, 0o755); err != nil { // Dovecot's mail user walks through it
		return err
	}
	theirs, err := newDovecot(filepath.Join(dir, "dovecot"))
	if err != nil {
		return err
	}
	ours, err := newLetterbox(filepath.Join(dir, "letterbox"))
	if err != nil {
		return err
	}
	contest := &contest{options: o, dir: dir, servers: []server{theirs, ours}}
	for _, s := range contest.servers {
		if err := s.Start(ctx); err != nil {
			return fmt.Errorf("start %s: %w", s.Name(), err)
		}
		defer s.Stop()
	}
	return contest.run(ctx)
}
