package queue

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"letterbox/database"
	"letterbox/delivery"
	"letterbox/internal/zone"
	"letterbox/store/blob"
)

// crashEnv makes the test binary a child that queues and sends until it is killed.
const crashEnv = "LETTERBOX_CRASH_QUEUE"

func TestMain(m *testing.M) {
	if orders := os.Getenv(crashEnv); orders != "" {
		if err := queueUntilKilled(strings.Split(orders, "|")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if err := warmUp(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// warmUp makes what the process makes once, such as the compressor of bodies: a
// test on a fake clock that made it would keep it to itself (testing/synctest).
func warmUp() error {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "queue-test-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s, err := blob.Open(dir, blob.Options{})
	if err != nil {
		return err
	}
	at, err := s.Put(ctx, blob.Item{Body: []byte(letter), Hash: blob.Sum([]byte(letter))})
	if err != nil {
		return err
	}
	r, err := s.Open(at[0], blob.Sum([]byte(letter)))
	if err != nil {
		return err
	}
	_, err = r.WriteTo(io.Discard)
	return errors.Join(err, r.Close(), s.Close())
}

// queueUntilKilled accepts messages from the number that it is told, and says so
// once it is sure of each. Without any to accept it ends when the queue is empty.
func queueUntilKilled(orders []string) error {
	ctx := context.Background()
	dir, zone, server := orders[0], orders[1], orders[2]
	first, _ := strconv.Atoi(orders[3])
	count, _ := strconv.Atoi(orders[4])
	h, err := open(ctx, dir, zone, slog.New(slog.DiscardHandler), database.Options{}, blob.Options{})
	if err != nil {
		return err
	}
	h.world["192.0.2.1:25"] = server
	h.courier.Schedule = Schedule{First: 50 * time.Millisecond, Longest: 200 * time.Millisecond, Lifetime: time.Hour}
	go h.courier.Run(ctx)
	for i := first; i < first+count; i++ {
		m := &Message{
			Account: h.ann.ID, Sender: "ann@home.example",
			Recipients: people(fmt.Sprintf("bob%d@far.example", i), fmt.Sprintf("gone%d@far.example", i)),
		}
		e := delivery.Envelope{ID: "t", Sender: m.Sender, User: h.ann, Protocol: "ESMTPSA", Received: time.Now()}
		if err := h.Accept(ctx, e, []byte(letter), nil, m); err != nil {
			return err
		}
		fmt.Println("accepted", i)
	}
	for n := int64(1); count > 0 || n > 0; time.Sleep(10 * time.Millisecond) {
		if n, err = h.Count(ctx); err != nil {
			return err
		}
	}
	return nil
}

// crashSteps are the words of the dialogue at which a child is killed; "" is some
// time after the last one.
var crashSteps = []string{"message", "", "RCPT TO:<gone", "DATA", "MAIL", "EHLO", "greeting", "accepted"}

// TestKilled kills a process that queues and sends, at every step of the dialogue
// and in between. Every message that it had accepted arrives, the recipient who is
// refused is reported, and nothing happens twice, but for a message that the
// server acknowledged to a process that was dying.
func TestKilled(t *testing.T) {
	t.Parallel()
	z := zone.Serve(t, farZone)
	far := startMX(t)
	dir := t.TempDir()
	accepted := map[int]bool{}
	excused := map[string]int{} // how often a message may be there once more
	const perRound = 12
	rounds := crashRounds(t)
	for round := range rounds {
		before := len(far.got())
		for _, i := range killChild(t, far, crashSteps[round%len(crashSteps)], round, fmt.Sprintf("%s|%s|%s|%d|%d", dir, z.Addr, far.addr, round*perRound, perRound)) {
			accepted[i] = true
		}
		excuse(excused, far.got()[before:])
	}
	far.answer(refuseGone)
	drain := exec.Command(os.Args[0])
	drain.Env = append(os.Environ(), crashEnv+"="+fmt.Sprintf("%s|%s|%s|0|0", dir, z.Addr, far.addr))
	if out, err := drain.CombinedOutput(); err != nil {
		t.Fatalf("the last child: %v\n%s", err, out)
	}
	arrived := map[string]int{}
	for _, a := range far.got() {
		for _, to := range a.to() {
			arrived[to]++
		}
	}
	h := enter(t, dir, z)
	defer h.leave()
	reports := map[string]int{}
	for _, text := range h.inbox() {
		_, rest, _ := strings.Cut(text, "Final-Recipient: rfc822; ")
		address, _, _ := strings.Cut(rest, "\r\n")
		reports[address]++
	}
	for i := range rounds * perRound {
		bob, gone := fmt.Sprintf("bob%d@far.example", i), fmt.Sprintf("gone%d@far.example", i)
		if accepted[i] && (arrived[bob] == 0 || reports[gone] == 0) {
			t.Errorf("message %d was accepted: it arrived %d times, with %d reports", i, arrived[bob], reports[gone])
		}
		if arrived[bob] > 1+excused[bob] {
			t.Errorf("message %d arrived %d times; %d of them can be excused", i, arrived[bob], excused[bob])
		}
		if reports[gone] > 1 {
			t.Errorf("message %d was reported %d times", i, reports[gone])
		}
	}
	t.Logf("%d accepted, %d arrived, %d reports", len(accepted), len(arrived), len(reports))
}

func refuseGone(line string) string {
	if strings.HasPrefix(line, "RCPT TO:<gone") {
		return "550 5.1.1 No such user"
	}
	return ""
}

// excuse notes the last message of each connection of a round: the process may
// have died before it read that it had arrived.
func excuse(excused map[string]int, round []arrival) {
	last := map[int]arrival{}
	for _, a := range round {
		last[a.connection] = a
	}
	for _, a := range last {
		for _, to := range a.to() {
			excused[to]++
		}
	}
}

// killChild runs a child and kills it when the server hears the step for the n-th
// time, and returns what it had accepted.
func killChild(t *testing.T, far *mx, step string, round int, orders string) (accepted []int) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), crashEnv+"="+orders)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	must(t, err)
	var heard atomic.Int32
	nth := int32(1 + round*5%11)
	if step == "EHLO" || step == "greeting" { // there are few connections
		nth = 1
	}
	kill, started := make(chan struct{}, 1000), make(chan struct{})
	far.answer(func(line string) string {
		switch {
		case step != "" && strings.HasPrefix(line, step) && heard.Add(1) == nth:
			<-started
			_ = child.Process.Kill() // before it is answered
		case step == "" && line == "message" && heard.Add(1) == nth:
			kill <- struct{}{} // after it was answered
		}
		return refuseGone(line)
	})
	must(t, child.Start())
	close(started)
	go func() {
		select {
		case <-kill:
			time.Sleep(time.Duration(round*371%3000) * time.Microsecond)
		case <-time.After(5 * time.Second): // the step was not reached so often
		}
		_ = child.Process.Kill()
	}()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var i int
		if _, err := fmt.Sscanf(lines.Text(), "accepted %d", &i); err == nil {
			accepted = append(accepted, i)
		}
		if step == "accepted" && len(accepted) == int(nth) {
			_ = child.Process.Kill()
		}
	}
	_ = child.Wait() // killed
	return accepted
}

// crashRounds is how often a child is killed. More with LETTERBOX_CRASH_ROUNDS.
func crashRounds(t *testing.T) int {
	text := os.Getenv("LETTERBOX_CRASH_ROUNDS")
	if text == "" {
		return len(crashSteps)
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("LETTERBOX_CRASH_ROUNDS: %v", err)
	}
	return n
}
