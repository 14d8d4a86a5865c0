// Command bench measures Letterbox beside Dovecot: the same mail, the same
// client, the same machine, in turn. Wall times on a shared machine swing by two;
// what counts is the ratio within one run, and the CPU time that a server used.
//
//	go run ./bench                             everything, about ten minutes
//	go run ./bench -messages 1000 -rounds 3
//	go run ./bench -only 'FETCH|SEARCH' -alone  Letterbox without Dovecot
//	go run ./bench -scale 1000,10000,100000     how it grows with the mailbox
//	go run ./bench -snapshots 100000            snapshots, beside restic
//	go run ./bench -receive                     mail that arrives, beside Postfix
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
	"strconv"
	"strings"
)

type options struct {
	messages int
	rounds   int
	only     *regexp.Regexp
	alone    bool
	keep     bool
	profile  string
	scale    []int
	snapshot int
	receive  bool
}

func main() {
	var o options
	only := flag.String("only", "", "run the workloads whose name matches")
	scale := flag.String("scale", "", "instead measure mailboxes of these sizes, such as 1000,10000,100000,1000000")
	flag.IntVar(&o.snapshot, "snapshots", 0, "instead measure snapshots of so many messages, beside restic")
	flag.BoolVar(&o.receive, "receive", false, "instead measure mail that arrives, beside Postfix")
	flag.IntVar(&o.messages, "messages", 10000, "messages in the large mailbox")
	flag.IntVar(&o.rounds, "rounds", 5, "rounds of each workload")
	flag.BoolVar(&o.alone, "alone", false, "measure Letterbox without Dovecot")
	flag.BoolVar(&o.keep, "keep", false, "keep the temporary folder")
	flag.StringVar(&o.profile, "profile", "", "write what perf samples of Letterbox in each workload into this folder")
	flag.Parse()
	o.only = regexp.MustCompile(*only)
	err := o.parseScale(*scale)

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err == nil {
		err = run(ctx, o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (o *options) parseScale(text string) error {
	for field := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' }) {
		size, err := strconv.Atoi(field)
		if err != nil || size < 1 {
			return fmt.Errorf("-scale: %q is no number of messages", field)
		}
		o.scale = append(o.scale, size)
	}
	return nil
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
	if o.receive {
		return runReceive(ctx, o, dir)
	}
	contest := &contest{options: o, dir: dir}
	if err := contest.invite(); err != nil {
		return err
	}
	for _, s := range contest.servers {
		if err := s.Start(ctx); err != nil {
			return fmt.Errorf("start %s: %w", s.Name(), err)
		}
		defer s.Stop()
	}
	if o.snapshot > 0 {
		return contest.runSnapshots(ctx, o.snapshot)
	}
	if len(o.scale) > 0 {
		return contest.runScale(ctx, o.scale)
	}
	return contest.run(ctx)
}

// invite sets the servers up.
func (c *contest) invite() error {
	if !c.alone && len(c.scale) == 0 && c.snapshot == 0 {
		theirs, err := newDovecot(filepath.Join(c.dir, "dovecot"))
		if err != nil {
			return err
		}
		c.servers = append(c.servers, theirs)
	}
	ours, err := newLetterbox(filepath.Join(c.dir, "letterbox"))
	if err != nil {
		return err
	}
	c.servers = append(c.servers, ours)
	return nil
}
