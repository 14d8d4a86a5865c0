package backup

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"letterbox/store/blob"
)

// The test kills a process that takes, prunes and restores. That process is this
// test binary again, with a role in its environment.
const (
	crashRole   = "LETTERBOX_TEST_SNAPSHOT_ROLE"
	crashFolder = "LETTERBOX_TEST_SNAPSHOT_FOLDER"
	crashTarget = "LETTERBOX_TEST_SNAPSHOT_TARGET"
)

func TestMain(m *testing.M) {
	roles := map[string]func(context.Context, string, *Folder) error{"take": crashTake, "restore": crashRestore}
	if role := roles[os.Getenv(crashRole)]; role != nil {
		target, err := OpenFolder(os.Getenv(crashTarget))
		if err == nil {
			err = role(context.Background(), os.Getenv(crashFolder), target)
		}
		fmt.Println("failed", err) // it goes on until it is killed
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// crashTake receives mail, takes snapshots and prunes them, and says so.
func crashTake(ctx context.Context, folder string, target *Folder) error {
	h := &house{folder: folder}
	if err := h.open(ctx, blob.Options{MaxPack: 256 << 10}); err != nil {
		return err
	}
	box, err := h.store.Mailbox(ctx, anna, "INBOX")
	if err != nil {
		return err
	}
	h.sent = int(box.UIDNext) - 1
	fmt.Println("begun")
	received := make(chan error)
	go func() {
		for {
			if err := h.deliver(ctx, "INBOX", 10); err != nil {
				received <- err
			}
			fmt.Println("received", h.sent)
		}
	}()
	for round := 0; ; round++ {
		result, err := h.keeper.Take(ctx, target, false)
		if err != nil {
			return err
		}
		fmt.Println("taken", result.ID)
		if round%2 == 1 {
			// Two days later, so that nothing is too young to be removed.
			h.keeper.now = func() time.Time { return time.Now().Add(2 * pruneGrace) }
			if _, err := h.keeper.Prune(ctx, target, Schedule{Every: time.Hour, Hourly: 1}, false); err != nil {
				return err
			}
			h.keeper.now = time.Now
			fmt.Println("pruned")
		}
		select {
		case err := <-received:
			return err
		default:
		}
	}
}

// crashRestore restores the newest snapshot again and again.
func crashRestore(ctx context.Context, folder string, target *Folder) error {
	fmt.Println("begun")
	for {
		repo, err := Open(ctx, target, Locked)
		if err != nil {
			return err
		}
		id, err := repo.Find(ctx, "latest")
		if err != nil {
			return err
		}
		if _, err := repo.Restore(ctx, id, folder, RestoreOptions{}); err != nil {
			return err
		}
		fmt.Println("restored", id)
		if err := os.RemoveAll(folder); err != nil {
			return err
		}
	}
}

// killed runs a role, kills it after a random time, and returns what it said.
func killed(t *testing.T, role, folder string, target *Folder) (said []string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashRole+"="+role, crashFolder+"="+folder, crashTarget+"="+target.path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	var timer *time.Timer
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if lines.Text() == "begun" {
			// The moments are drawn evenly over several rounds of taking and pruning.
			timer = time.AfterFunc(time.Duration(rand.IntN(600_000))*time.Microsecond, func() { cmd.Process.Kill() })
		}
		said = append(said, lines.Text())
	}
	if timer != nil {
		timer.Stop()
	}
	cmd.Wait()
	for _, line := range said {
		if strings.HasPrefix(line, "failed") {
			t.Fatalf("%s: %s", role, line)
		}
	}
	return said
}

// last returns the last number or word that was said after a word.
func last(said []string, word string) (value string) {
	for _, line := range said {
		if v, ok := strings.CutPrefix(line, word+" "); ok {
			value = v
		}
	}
	return value
}

// TestCrash kills snapshots, prunes and restores at random moments, then looks
// whether the source is untouched, every listed snapshot is whole, and what a
// restore left behind is nothing or everything. LETTERBOX_CRASH_ROUNDS says how
// often.
func TestCrash(t *testing.T) {
	t.Parallel()
	rounds := 6
	if text := os.Getenv("LETTERBOX_CRASH_ROUNDS"); text != "" {
		var err error
		rounds, err = strconv.Atoi(text)
		must(t, err)
	}
	restoring := filepath.Join(t.TempDir(), "restoring")
	var h *house
	var target *Folder
	snapshots, halves := 0, 0
	for round := range rounds {
		if round%25 == 0 { // it grows
			h, target = newHouse(t), folderTarget(t)
			h.receive(t, "INBOX", 300)
			take(t, h, target)
			h.close()
		}
		said := killed(t, "take", h.folder, target)
		snapshots += checkAfterTake(t, h, target, said)
		killed(t, "restore", restoring, target)
		halves += checkAfterRestore(t, restoring, target)
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
	t.Logf("%d rounds: %d snapshots restored and compared, %d restores were broken off and done again", rounds, snapshots, halves)
}

// checkAfterTake returns how many snapshots it restored.
func checkAfterTake(t *testing.T, h *house, target *Folder, said []string) (n int) {
	t.Helper()
	must(t, h.open(t.Context(), blob.Options{MaxPack: 256 << 10}))
	defer h.close()
	must(t, h.db.Check(t.Context()))
	box, err := h.store.Mailbox(t.Context(), anna, "INBOX")
	must(t, err)
	if acknowledged, _ := strconv.Atoi(last(said, "received")); int(box.Messages) < acknowledged {
		t.Errorf("the source has %d messages, %d were acknowledged", box.Messages, acknowledged)
	}
	repo, err := h.keeper.Repository(t.Context(), target)
	must(t, err)
	ids, err := repo.Snapshots(t.Context())
	must(t, err)
	if id := ID(last(said, "taken")); len(ids) == 0 || ids[len(ids)-1] < id {
		t.Errorf("snapshots %v; %s was acknowledged", ids, id)
	}
	v, err := h.keeper.Verify(t.Context(), target)
	must(t, err)
	for _, p := range v.Problems {
		t.Errorf("%v, in %v: %v", p, p.Snapshots, p.Holds)
	}
	for _, id := range ids {
		proof, err := h.keeper.Prove(t.Context(), target, id, true)
		must(t, err)
		if proof.Error != "" || proof.Bodies < 300 {
			t.Errorf("%+v", proof)
		}
		n++
	}
	return n
}

// checkAfterRestore returns 1 when there was something half done.
func checkAfterRestore(t *testing.T, folder string, target *Folder) (half int) {
	t.Helper()
	defer os.RemoveAll(folder)
	repo, err := Open(t.Context(), target, Locked)
	must(t, err)
	id, err := repo.Find(t.Context(), "latest")
	must(t, err)
	_, err = os.Stat(filepath.Join(folder, databasePath))
	switch _, unfinished := os.Stat(filepath.Join(folder, Unfinished)); {
	case err == nil && unfinished != nil:
		// Everything is there, or its removal has begun.
	case err == nil || errors.Is(err, fs.ErrNotExist):
		if unfinished == nil {
			half = 1
		} else {
			must(t, os.RemoveAll(folder))
		}
		_, err := repo.Restore(t.Context(), id, folder, RestoreOptions{})
		must(t, err)
	default:
		t.Error(err)
	}
	if half == 1 {
		back := openHouse(t, folder, blob.Options{})
		defer back.close()
		m, err := repo.Manifest(t.Context(), id)
		must(t, err)
		lost := 0
		mail := back.mail(t)
		for _, text := range mail {
			if text == "lost" {
				lost++
			}
		}
		if lost > 0 || int64(len(mail)) != m.Counts["messages"] {
			t.Errorf("%d messages, %d of them lost; %d were counted", len(mail), lost, m.Counts["messages"])
		}
	}
	return half
}
