package store

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
	"letterbox/store/blob"
)

// What the child works on: two mailboxes of alice for each worker, and bob's
// INBOX for all.
const (
	crashWorkers = 6
	crashLetters = 90 // different ones: many are put, swept and put again
	crashFull    = 40 // messages of a mailbox beyond which more is expunged than added
)

// crashOptions make packs that compaction has much to do with.
var crashOptions = blob.Options{MaxPack: 256 << 10}

func crashBoxName(worker int, box string) string { return fmt.Sprintf("w%d%s", worker, box) }

// workUntilKilled is the child. What fails ends it, which the parent notices.
func workUntilKilled(dir string) {
	ctx := context.Background()
	s, err := openForCrash(ctx, dir)
	if err != nil {
		endChild(err)
	}
	for w := range crashWorkers {
		go func() { endChild(newCrashWorker(s, w).run(ctx)) }()
	}
	for {
		if err := s.Sweep(ctx, 0); err != nil {
			endChild(fmt.Errorf("sweep: %w", err))
		}
		if err := s.saveImprints(ctx, true); err != nil {
			endChild(err)
		}
	}
}

func endChild(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func openForCrash(ctx context.Context, dir string) (*Store, error) {
	db, err := database.Open(ctx, filepath.Join(dir, "letterbox.db"), database.Options{})
	if err != nil {
		return nil, err
	}
	blobs, err := blob.Open(filepath.Join(dir, "blobs"), crashOptions)
	if err != nil {
		return nil, err
	}
	return Open(ctx, Options{DB: db, Blobs: blobs, Spool: filepath.Join(dir, "spool"), Log: slog.New(slog.DiscardHandler), imprintFrom: 1})
}

// A crashWorker does one thing after another in its own two mailboxes.
type crashWorker struct {
	*Store
	number int
	random *rand.Rand
	boxes  map[string]MailboxID
	shared MailboxID
	count  int
}

func newCrashWorker(s *Store, number int) *crashWorker {
	return &crashWorker{Store: s, number: number, boxes: map[string]MailboxID{},
		random: rand.New(rand.NewPCG(uint64(os.Getpid()), uint64(number)))}
}

func (w *crashWorker) run(ctx context.Context) error {
	for _, box := range []string{"a", "b"} {
		m, err := w.Mailbox(ctx, alice, crashBoxName(w.number, box))
		if err != nil {
			return err
		}
		w.boxes[box] = m.ID
	}
	inbox, err := w.Mailbox(ctx, bob, "INBOX")
	if err != nil {
		return err
	}
	w.shared = inbox.ID
	for {
		op, err := w.choose(ctx)
		if err != nil {
			return err
		}
		tell(crashNews{Begin: op})
		news, err := w.do(ctx, op)
		if err != nil {
			return fmt.Errorf("%s: %w", op.Kind, err)
		}
		news.Done = op
		tell(news)
	}
}

// tell is one write to the pipe: whole or not at all.
func tell(news crashNews) {
	line, err := json.Marshal(news)
	if err != nil {
		endChild(err)
	}
	os.Stdout.Write(append(line, '\n'))
}

// choose draws the next operation.
func (w *crashWorker) choose(ctx context.Context) (*crashOp, error) {
	op := &crashOp{Worker: w.number, Box: "a", To: "b"}
	if w.random.IntN(2) == 0 {
		op.Box, op.To = op.To, op.Box
	}
	view, err := w.View(ctx, w.boxes[op.Box])
	if err != nil {
		return nil, err
	}
	uids := slices.Clone(view.Snapshot().UIDs)
	view.Close()
	kinds := []string{"append", "deliver", "copy", "move", "flag", "expunge"}
	op.Kind = kinds[w.random.IntN(len(kinds))]
	switch {
	case len(uids) > crashFull && w.random.IntN(2) == 0:
		op.Kind = "flag"
	case len(uids) > crashFull:
		op.Kind = "expunge"
	case len(uids) == 0 && op.Kind != "deliver":
		op.Kind = "append"
	}
	flags := []imap.Flag{imap.FlagSeen, imap.FlagFlagged, imap.FlagDeleted, "$Work"}
	op.Flag = flags[w.random.IntN(len(flags))]
	if len(uids) > crashFull {
		op.Flag = imap.FlagDeleted
	}
	switch op.Kind {
	case "append":
		for range 1 + w.random.IntN(5) {
			op.Letters = append(op.Letters, w.random.IntN(crashLetters))
		}
	case "deliver":
		w.count++
		op.Letters = []int{w.random.IntN(crashLetters)}
		op.ID = fmt.Sprintf("%d.%d.%d", os.Getpid(), w.number, w.count)
	default:
		w.random.Shuffle(len(uids), func(i, j int) { uids[i], uids[j] = uids[j], uids[i] })
		op.UIDs = uids[:1+w.random.IntN(len(uids))]
		slices.Sort(op.UIDs)
	}
	return op, nil
}

// crashDate is when the letter came.
func crashDate(n int) time.Time { return time.Unix(int64(1e9+n), 0) }

func (w *crashWorker) do(ctx context.Context, op *crashOp) (news crashNews, err error) {
	box, to := w.boxes[op.Box], w.boxes[op.To]
	switch op.Kind {
	case "append", "deliver":
		return w.append(ctx, op)
	case "copy":
		var result CopyResult
		result, err = w.Copy(ctx, box, imap.UIDSetNum(op.UIDs...), to)
		news.UIDs, _ = result.Dest.Nums()
	case "move":
		var result CopyResult
		result, err = w.Move(ctx, box, imap.UIDSetNum(op.UIDs...), to)
		news.UIDs, _ = result.Dest.Nums()
	case "flag":
		_, err = w.SetFlags(ctx, box, imap.UIDSetNum(op.UIDs...), FlagChange{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{op.Flag}})
	case "expunge":
		_, _, err = w.Expunge(ctx, box, imap.UIDSetNum(op.UIDs...))
	}
	return news, err
}

// append adds letters; a delivery also to the shared mailbox, in one batch.
func (w *crashWorker) append(ctx context.Context, op *crashOp) (news crashNews, err error) {
	var b Batch
	for _, n := range op.Letters {
		b.Messages = append(b.Messages, NewMessage{
			Mailbox: w.boxes[op.Box], Raw: crashText(n), Flags: []imap.Flag{op.Flag}, Received: crashDate(n),
		})
	}
	if op.Kind == "deliver" {
		n := op.Letters[0]
		b.Messages = append(b.Messages, NewMessage{
			Mailbox: w.shared, Raw: crashText(n), Prefix: []byte("X-Delivery: " + op.ID + "\r\n"), Received: crashDate(n),
		})
	}
	added, err := w.Append(ctx, b)
	if err != nil {
		return news, err
	}
	for _, a := range added {
		if a.Mailbox == w.shared {
			news.Also = a.UID
		} else {
			news.UIDs = append(news.UIDs, a.UID)
		}
	}
	return news, nil
}
