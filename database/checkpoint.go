package database

import (
	"context"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// The WAL is written back between commits, when nobody waits for an answer.
const (
	// checkpointPages is when a checkpoint begins: 8 MiB in the WAL. It stalls
	// the writer for some 10 ms; larger ones stall longer, smaller ones write hot
	// pages more often.
	checkpointPages = 2000

	// crowdedPages is when readers are waited for, a little, so that the WAL can
	// begin anew: a plain checkpoint does not get there while somebody reads.
	crowdedPages = 4 * checkpointPages

	// After idleAfter without a job a WAL above idlePages is written back and
	// emptied: the next start is quick, and a message now and then does not cost
	// an SD card a checkpoint each.
	idleAfter = 10 * time.Second
	idlePages = 250

	// How long the writer waits for another process that writes, and for readers
	// when it wants to empty the WAL.
	lockWait   = 10 * time.Second
	readerWait = 200 * time.Millisecond
)

// A checkpointMode is SQLite's: whether readers are waited for, and what becomes
// of the file.
type checkpointMode string

const (
	passive  checkpointMode = "PASSIVE"  // what no reader needs
	restart  checkpointMode = "RESTART"  // all, so that the next commit begins the file anew
	truncate checkpointMode = "TRUNCATE" // all, and empties the file
	nothing  checkpointMode = "NOOP"     // tells the numbers
)

// lookAfter is how long transactions take together between two looks at the size
// of the WAL, which cost as much as a small job: in that time it grows by a part
// of checkpointPages.
const lookAfter = 10 * time.Millisecond

// keepShort writes the WAL back if it has grown enough.
func (w *writer) keepShort() {
	if w.busy < lookAfter {
		return
	}
	w.busy = 0
	pages := w.walPages()
	switch {
	case pages <= checkpointPages:
		w.tried = 0
	case w.images.Load() > 0:
		w.keepPace(pages)
	case pages > crowdedPages:
		w.checkpoint(restart)
	default:
		w.checkpoint(passive)
	}
}

// keepPace is keepShort while an image is being read: the WAL cannot begin anew
// before that ends. To try at each commit, and to wait for it, would hold
// everybody; so it is written back as far as that goes each time that it has grown
// by as much as a checkpoint is worth.
func (w *writer) keepPace(pages int) {
	if pages-w.tried > checkpointPages {
		w.checkpoint(passive)
		w.tried = pages
	}
}

// rest is for when nobody has written for a while.
func (w *writer) rest() {
	if w.walPages() > idlePages {
		w.checkpoint(truncate)
		reserveWAL(w.path)
	}
}

// walRoom is how much room the WAL is given on the disk: what it holds when a
// checkpoint begins, and some more.
const walRoom = checkpointPages * 5 << 10

// reserveWAL gives an empty WAL its room, its size staying what it is: a commit
// that had to find room would wait for the file system's journal, and so for
// what all others wrote. Not every file system can; then commits are slower.
// SQLite holds no locks on this file that closing it here would drop.
func reserveWAL(path string) {
	file, err := os.OpenFile(path+"-wal", os.O_WRONLY, 0)
	if err != nil {
		return
	}
	defer file.Close()
	_ = unix.Fallocate(int(file.Fd()), unix.FALLOC_FL_KEEP_SIZE, 0, walRoom)
}

// walPages returns how many pages the WAL holds, 0 if a checkpoint has made it
// ready to begin anew.
func (w *writer) walPages() int {
	if w.conn == nil {
		return 0
	}
	pages, written, err := runCheckpoint(w.conn, nothing)
	if err != nil {
		w.log.Warn("size of the WAL is unknown", "error", err)
		return 0
	}
	if pages == written {
		return 0
	}
	return pages
}

// checkpoint writes back what it can. Everything is durable in the WAL already:
// a failure costs nothing but room, and the next commit tries again.
func (w *writer) checkpoint(mode checkpointMode) {
	w.setLockWait(readerWait)
	_, _, err := runCheckpoint(w.conn, mode)
	w.setLockWait(lockWait)
	if err != nil {
		w.log.Warn("checkpoint failed", "mode", mode, "error", err)
		w.distrustAfter(err)
		return
	}
	w.counts.checkpoints.Add(1)
}

func (w *writer) setLockWait(d time.Duration) {
	_, err := w.conn.exec("PRAGMA busy_timeout = " + strconv.FormatInt(d.Milliseconds(), 10))
	if err != nil {
		w.log.Warn("lock timeout not set", "error", err)
	}
}

// runCheckpoint returns how many pages the WAL holds and how many of them are
// written back.
func runCheckpoint(c *connection, mode checkpointMode) (pages, written int, err error) {
	var busy int
	row := c.queryRow(context.Background(), "PRAGMA wal_checkpoint("+string(mode)+")", nil)
	err = row.Scan(&busy, &pages, &written)
	return pages, written, err
}
