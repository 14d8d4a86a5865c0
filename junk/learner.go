package junk

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"letterbox/database"
	"letterbox/message"
	"letterbox/store"
)

// mostWaiting bounds what waits in memory for the learner. What does not fit is not
// noted: a reputation grows a little slower.
const mostWaiting = 1024

// An arrival is a message that was delivered.
type arrival struct {
	account store.AccountID
	message store.MessageID
	id      string // Message-ID
	senders []string
	junk    bool
	known   bool // of a correspondent
}

// An answer is to messages that somebody was sent.
type answer struct {
	account store.AccountID
	to      []string // Message-IDs
}

// Arrived tells the learner of a delivered message and how it was judged. It never
// waits.
func (f *Filter) Arrived(id store.AccountID, message store.MessageID, m *Mail, j Judgement) {
	if f == nil {
		return
	}
	m.read()
	a := arrival{account: id, message: message, id: m.id, senders: m.sender.names(), junk: j.Junk}
	for _, r := range j.Reasons {
		a.known = a.known || r.Name == ReasonCorrespondent
	}
	select {
	case f.arrivals <- a:
	default:
	}
}

// Answered tells the learner that somebody sends a message: whatever it answers is
// wanted. It never waits.
func (f *Filter) Answered(user int64, raw []byte) {
	if f == nil {
		return
	}
	m := message.ParseHeader(raw)
	to := m.InReplyTo
	if n := len(m.References); len(to) == 0 && n > 0 {
		to = m.References[n-1:]
	}
	if len(to) == 0 {
		return
	}
	select {
	case f.answers <- answer{store.AccountID(user), to[:min(len(to), 5)]}:
	default:
	}
}

// Run learns until ctx ends. It first takes up what was left.
func (f *Filter) Run(ctx context.Context) error {
	for {
		if err := f.learnWaiting(ctx, giveWay); err != nil && ctx.Err() == nil {
			f.log.ErrorContext(ctx, "nothing was learned about junk; it is tried again with the next sign", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-f.store.Signed():
		case a := <-f.arrivals:
			f.noteAll(ctx, a)
		case a := <-f.answers:
			f.heedAnswer(ctx, a)
		}
	}
}

// batch is how many signs are read at once.
const batch = 50

// Learn learns from all signs that wait, without a pause.
func (f *Filter) Learn(ctx context.Context) error {
	return f.learnWaiting(ctx, func(ctx context.Context, _ time.Duration) error { return ctx.Err() })
}

// giveWay lets others have the processor for as long as learning had it: nobody waits
// for it.
func giveWay(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// learnWaiting learns from all signs that wait, and pauses after each batch. Of
// more than an account may have lessons, only the latest are worth it.
func (f *Filter) learnWaiting(ctx context.Context, pause func(context.Context, time.Duration) error) error {
	for {
		began := time.Now()
		signs, err := f.store.Signs(ctx, batch)
		if err == nil && len(signs) == batch {
			err = f.store.TrimSigns(ctx, maxLessons)
		}
		if err != nil || len(signs) == 0 {
			return err
		}
		var tasks []task
		balance := map[store.AccountID]int{}
		for _, s := range signs {
			tasks = append(tasks, task{s.Account, s.Message, classOf(s.Junk), sourceSaid, &s})
			if s.Junk {
				balance[s.Account]++
			}
		}
		if err := f.learn(ctx, tasks...); err != nil {
			return err
		}
		for id, n := range balance {
			if err := f.balance(ctx, id, n); err != nil {
				return err
			}
		}
		if len(signs) == batch {
			if err := pause(ctx, time.Since(began)); err != nil {
				return err
			}
		}
	}
}

// A task is a message to learn; sign is struck out with it, if there is one.
type task struct {
	account store.AccountID
	message store.MessageID
	class   Class
	source  string
	sign    *store.Sign
}

// together is how many lessons are kept in one transaction: some milliseconds.
const together = 20

// learn keeps what messages teach. One that is gone teaches nothing.
func (f *Filter) learn(ctx context.Context, tasks ...task) error {
	for some := range slices.Chunk(tasks, together) {
		if err := f.learnTogether(ctx, some); err != nil {
			return fmt.Errorf("learn from mail: %w", err)
		}
	}
	return nil
}

func (f *Filter) learnTogether(ctx context.Context, tasks []task) error {
	lessons := make([]*keptLesson, len(tasks)) // nil: the message is gone
	for i, t := range tasks {
		k, err := f.lesson(ctx, t)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && !errors.Is(err, errNoLesson): // it must not keep others from being learned
			f.log.WarnContext(ctx, "a message that cannot be read teaches nothing", "error", err)
		}
		lessons[i] = k
	}
	f.learning.Lock()
	defer f.learning.Unlock()
	var done []change
	err := f.db.Write(ctx, func(tx *database.Tx) error {
		done = done[:0]
		for i, t := range tasks {
			if k := lessons[i]; k != nil {
				c, err := keep(tx, *k, f.now().Unix())
				if err != nil {
					return err
				}
				done = append(done, c)
			}
			if t.sign == nil {
				continue
			}
			if err := f.store.Heed(tx, *t.sign); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, c := range done {
		f.apply(c)
		if k := c.added; k.id != 0 && k.source == sourceSaid && k.amends {
			f.misjudged(k.Class)
		}
	}
	return nil
}

// lesson makes one of a message.
func (f *Filter) lesson(ctx context.Context, t task) (*keptLesson, error) {
	prefix, raw, err := f.open(ctx, t.message)
	if err != nil {
		return nil, err
	}
	return &keptLesson{
		account: t.account, message: t.message, source: t.source, senders: senderIn(prefix, raw).names(),
		Lesson: Lesson{t.class, Read(raw).Numbers()}, amends: amends(prefix, t.class),
	}, nil
}

// amends reports whether a message was judged to be something else when it came. What
// came in another way than by delivery was not judged.
func amends(prefix []byte, is Class) bool {
	j, _ := Told(prefix) // nothing is told of what nobody had anything against
	return len(prefix) > 0 && classOf(j.Junk) != is
}

// apply brings what is in memory up to date. Where nothing was loaded yet, the
// lesson is among what will be.
func (f *Filter) apply(done change) {
	shared := f.accounts.get(everybody, f.now())
	for _, k := range done.gone {
		f.accounts.get(k.account, f.now()).take(k)
		shared.take(k)
	}
	if k := done.added; k.id != 0 {
		f.accounts.get(k.account, f.now()).add(k)
		shared.addShared(k)
	}
}

// open reads a message and the lines above it; errNoLesson when it is gone.
func (f *Filter) open(ctx context.Context, id store.MessageID) (prefix, raw []byte, err error) {
	b, err := f.store.OpenBody(ctx, id)
	if errors.Is(err, store.ErrNoMessage) {
		return nil, nil, errNoLesson
	}
	if err != nil {
		return nil, nil, err
	}
	defer b.Close()
	whole := make([]byte, min(b.Size(), mostRead))
	if n, err := b.ReadAt(whole, 0); n < len(whole) {
		return nil, nil, fmt.Errorf("read message %d: %w", id, err)
	}
	cut := min(b.PrefixLen(), int64(len(whole)))
	return whole[:cut], whole[cut:], nil
}

// mostRead is how much of a large message is looked at.
const mostRead = 4 << 20

// noteAll notes an arrival and those that wait behind it, in one transaction.
func (f *Filter) noteAll(ctx context.Context, a arrival) {
	list := []arrival{a}
	for more := true; more && len(list) < batch; {
		select {
		case a := <-f.arrivals:
			list = append(list, a)
		default:
			more = false
		}
	}
	err := f.db.Write(ctx, func(tx *database.Tx) error {
		for _, a := range list {
			if err := f.note(tx, a); err != nil {
				return err
			}
		}
		return nil
	})
	for _, a := range list {
		if err == nil && a.known && !a.junk {
			err = f.learnKnown(ctx, a)
		}
	}
	if err != nil && ctx.Err() == nil {
		f.log.WarnContext(ctx, "arrivals were not noted", "messages", len(list), "error", err)
	}
}

func (f *Filter) note(tx *database.Tx, a arrival) error {
	now := f.now()
	if !a.junk {
		if err := notice(tx, a.account, a.senders, now); err != nil {
			return err
		}
	}
	if a.id == "" {
		return nil
	}
	_, err := tx.Exec(`INSERT INTO arrived (account, ref, message, at) VALUES (?, ?, ?, ?)
		ON CONFLICT (account, ref) DO UPDATE SET message = excluded.message, at = excluded.at`,
		int64(a.account), hashID(a.id), int64(a.message), now.Unix())
	return err
}

// hashID shortens a Message-ID.
func hashID(id string) int64 {
	sum := sha256.Sum256([]byte(id))
	return int64(binary.LittleEndian.Uint64(sum[:8]))
}

// enoughKnown is how many lessons of what is wanted come from correspondents
// without anybody saying so.
const enoughKnown = 300

// learnKnown takes mail of a correspondent as an example of what is wanted.
func (f *Filter) learnKnown(ctx context.Context, a arrival) error {
	one, release, err := f.learned(ctx, a.account)
	if err != nil {
		return err
	}
	n := one.model.Lessons(Wanted)
	release()
	if n >= enoughKnown {
		return nil
	}
	return f.learn(ctx, task{a.account, a.message, Wanted, sourceKnown, nil})
}

// heedAnswer makes a sign of an answer.
func (f *Filter) heedAnswer(ctx context.Context, a answer) {
	var found []store.MessageID
	err := f.db.Read(ctx, func(c *database.Conn) error {
		for _, id := range a.to {
			rows, err := c.Query(`SELECT message FROM arrived WHERE account = ? AND ref = ?`, int64(a.account), hashID(id))
			if err != nil {
				return err
			}
			for rows.Next() {
				var message int64
				if err := rows.Scan(&message); err != nil {
					return err
				}
				found = append(found, store.MessageID(message))
			}
			if err := rows.Err(); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && len(found) > 0 {
		err = f.store.Sign(ctx, a.account, found, false)
	}
	if err != nil && ctx.Err() == nil {
		f.log.WarnContext(ctx, "nothing was learned from an answer", "account", int64(a.account), "error", err)
	}
}

// kept is how long somebody must have left a message where it was.
const kept = 24 * time.Hour

// balance adds to what was learned of what is wanted, where that is less than of
// junk: people say far more often what they do not want. What they have read and
// kept is taken for wanted.
func (f *Filter) balance(ctx context.Context, id store.AccountID, n int) error {
	one, release, err := f.learned(ctx, id)
	if err != nil {
		return err
	}
	missing := one.model.Lessons(Junk) - one.model.Lessons(Wanted)
	release()
	if missing <= 0 {
		return nil
	}
	return f.learnKept(ctx, id, min(missing, 3*n), f.now().Add(-kept))
}

// learnKept learns up to n messages that were read, and kept since then.
func (f *Filter) learnKept(ctx context.Context, id store.AccountID, n int, since time.Time) error {
	before := store.MessageID(math.MaxInt64)
	for n > 0 {
		ids, err := f.store.ReadAndKept(ctx, id, before, since, 200)
		if err != nil || len(ids) == 0 {
			return err
		}
		before = ids[len(ids)-1]
		fresh, err := f.untaught(ctx, id, ids)
		if err != nil {
			return err
		}
		var tasks []task
		for _, message := range fresh[:min(n, len(fresh))] {
			tasks = append(tasks, task{id, message, Wanted, sourceKept, nil})
		}
		if err := f.learn(ctx, tasks...); err != nil {
			return err
		}
		n -= len(tasks)
	}
	return nil
}

// untaught leaves out messages that are lessons already, and those that were taken
// for junk when they came.
func (f *Filter) untaught(ctx context.Context, id store.AccountID, ids []store.MessageID) (fresh []store.MessageID, err error) {
	err = f.db.Read(ctx, func(c *database.Conn) error {
		for _, message := range ids {
			var known bool
			err := c.QueryRow(`SELECT EXISTS (SELECT 1 FROM lesson WHERE account = ? AND message = ?)`, int64(id), int64(message)).Scan(&known)
			if err != nil {
				return err
			}
			if !known {
				fresh = append(fresh, message)
			}
		}
		return nil
	})
	return fresh, err
}
