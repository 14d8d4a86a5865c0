package database

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// rounds is how often a child is killed. More with LETTERBOX_CRASH_ROUNDS.
func rounds(t *testing.T) int {
	text := os.Getenv("LETTERBOX_CRASH_ROUNDS")
	if text == "" {
		return 8
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("LETTERBOX_CRASH_ROUNDS: %v", err)
	}
	return n
}

// TestKilled kills a process that writes from many goroutines, again and again
// on the same file: what it acknowledged is there.
func TestKilled(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	acked := map[string]bool{}
	for round := range rounds(t) {
		for _, key := range killedChild(t, path, 20+round*37%200) {
			acked[key] = true
		}
	}
	db := open(t, path)
	found := keys(t, db)
	for key := range acked {
		if !found[key] {
			t.Errorf("%s was acknowledged and is lost", key)
		}
	}
	if err := db.Check(t.Context()); err != nil {
		t.Error(err)
	}
	t.Logf("%d acknowledged, %d found", len(acked), len(found))
}

// killedChild runs a child until it has acknowledged n keys and returns those
// and what it still came to say.
func killedChild(t *testing.T, path string, n int) (acked []string) {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), crashEnv+"="+path)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		acked = append(acked, lines.Text())
		if len(acked) == n {
			if err := child.Process.Kill(); err != nil {
				t.Error(err)
			}
		}
	}
	if err := child.Wait(); err == nil || len(acked) < n {
		t.Fatalf("child ended by itself after %d: %v", len(acked), err)
	}
	return acked
}

// writeUntilKilled is the child.
func writeUntilKilled(path string) {
	db, err := Open(context.Background(), path, Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for worker := range 8 {
		go func() {
			for i := 0; ; i++ {
				key := fmt.Sprintf("%d.%d.%d", os.Getpid(), worker, i)
				if err := set(db, context.Background(), key, "v"); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				fmt.Println(key) // one write to the pipe: whole or not at all
			}
		}()
	}
	select {}
}
