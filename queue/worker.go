package queue

import (
	"context"
	"slices"
	"time"
	"unicode/utf8"
)

// A worker sends a destination's messages one after the other, over one
// connection as long as that holds.
type worker struct {
	c      *Courier
	d      *destination
	slot   *int // in lanes; guarded by the courier's lock
	client *client
	lax    bool // nothing was demanded of the client's encryption
	gaveUp bool // the destination cannot be reached: what is due was put off
}

// maxPerConnection is after how many messages a connection is closed: some
// servers take no more.
const maxPerConnection = 100

// slowTime is after how long a connection gives its place among the healthy ones
// to somebody else, if there is room among the ailing.
const slowTime = 20 * time.Second

func (w *worker) run(ctx, work context.Context) {
	slow := time.AfterFunc(slowTime, w.demote)
	defer slow.Stop()
	for again := true; again; again = w.c.more(ctx, w) {
		for id, ok := w.next(ctx); ok; id, ok = w.next(ctx) {
			w.send(work, id)
			slow.Reset(slowTime)
		}
	}
	w.hangUp() // before the place is given to somebody else
	w.c.leave(ctx, w)
}

// demote moves a slow worker to the other lane.
func (w *worker) demote() {
	w.c.mu.Lock()
	defer w.c.mu.Unlock()
	if w.slot != &w.c.running.well || w.c.running.ailing >= 4*w.c.total() {
		return
	}
	w.c.running.well--
	w.slot = &w.c.running.ailing
	*w.slot++
	w.c.Queue.bell.ring()
}

// next takes a message, looking for more when there is none. Where more are left
// it lets others help.
func (w *worker) next(ctx context.Context) (id int64, ok bool) {
	if w.gaveUp || ctx.Err() != nil {
		return 0, false
	}
	c, d := w.c, w.d
	for range 2 {
		c.mu.Lock()
		if len(d.pending) > 0 {
			id, d.pending = d.pending[0], d.pending[1:]
			c.mu.Unlock()
			return id, true
		}
		c.mu.Unlock()
		if err := c.refill(ctx, d); err != nil {
			w.trouble(ctx, err)
			return 0, false
		}
	}
	return 0, false
}

// trouble is one of ours, not of the destination: the database cannot be read or
// written. Everything is tried again in a while.
func (w *worker) trouble(ctx context.Context, err error) {
	w.gaveUp = true
	if ctx.Err() != nil {
		return
	}
	w.c.Log.ErrorContext(ctx, "queue not served", "domain", w.d.domain, "error", err)
	time.AfterFunc(time.Minute, func() { w.c.Queue.bell.ring(w.d.domain) })
}

// send attempts one message and records what became of it.
func (w *worker) send(ctx context.Context, id int64) {
	defer w.release(id)
	b, err := w.c.Queue.load(ctx, id, w.d.domain, time.Now())
	if err != nil {
		w.trouble(ctx, err)
		return
	}
	if b == nil { // held, dropped or done meanwhile
		return
	}
	results, err := w.attempt(ctx, b)
	if ctx.Err() != nil {
		return // cut off: nothing is known, the next start tries again
	}
	if err == nil {
		w.c.settle(ctx, b, results)
	} else if err := w.putOff(ctx, err); err != nil {
		w.trouble(ctx, err)
	}
}

func (w *worker) release(id int64) {
	w.c.mu.Lock()
	defer w.c.mu.Unlock()
	delete(w.d.taken, id)
}

// attempt hands a batch over. An error concerns the whole destination; what
// concerns this message alone is in the results.
func (w *worker) attempt(ctx context.Context, b *batch) ([]result, error) {
	if err := w.connect(ctx, b.message.LaxTLS); err != nil {
		return nil, err
	}
	body, err := w.c.Queue.open(ctx, b)
	if err != nil {
		return w.all(b, ours("4.3.0", "the message cannot be read here: %v", err)), nil
	}
	defer body.Close()
	sender := b.message.Sender
	if b.by != "" {
		if sender, err = w.c.Queue.Rewrite(ctx, sender, b.by); err != nil {
			return w.all(b, ours("4.3.0", "%v", err)), nil
		}
	}
	replies, err := w.client.run(&transaction{
		sender: sender, recipients: b.message.Recipients, body: b.message.Body, size: b.size,
		utf8: b.message.SMTPUTF8 && body.needsUTF8(b), requireTLS: b.message.RequireTLS,
		ret: b.message.Ret, envid: b.message.EnvID, content: body,
	})
	if err != nil {
		defer w.hangUp()
		if asReply(err).Code == 421 { // it has had enough of us
			return nil, err
		}
		return w.all(b, asReply(err)), nil
	}
	w.thrive()
	return w.judge(ctx, replies), nil
}

// judge makes results of replies. Where a provider refuses our address and there
// is a relay for that, its mail goes there at once.
func (w *worker) judge(ctx context.Context, replies []Reply) []result {
	results := make([]result, len(replies))
	for i, r := range replies {
		results[i] = result{reply: r, host: w.client.host, dsn: w.client.can("DSN")}
		results[i].again = w.c.blocks(r, w.client.relay) && w.c.refused(ctx, w.client.host, r)
	}
	if slices.ContainsFunc(results, func(r result) bool { return r.again }) {
		w.hangUp()
	}
	return results
}

// blocks reports whether a reply refuses our address, and there is another way.
func (c *Courier) blocks(r Reply, relay bool) bool {
	return !relay && c.Relay != nil && c.Relay.Use == "blocked" && !r.Good() && explain(r).Kind == kindBlocked
}

// connect makes sure that there is a connection which still works, and of which as
// much was demanded.
func (w *worker) connect(ctx context.Context, lax bool) (err error) {
	if w.client != nil && (w.lax != lax || w.client.broken || w.client.sent >= maxPerConnection || w.client.reset() != nil) {
		w.hangUp()
	}
	if w.client != nil {
		return nil
	}
	w.lax = lax
	if w.c.Relay.takes(w.d.domain) {
		w.client, err = w.c.viaRelay(ctx)
	} else {
		w.client, err = w.c.direct(ctx, w.d.domain, lax)
	}
	return err
}

func (w *worker) hangUp() {
	if w.client != nil {
		w.client.quit()
		w.client = nil
	}
}

// thrive lets a destination that answers have more connections, if there is more
// for it.
func (w *worker) thrive() {
	w.c.mu.Lock()
	defer w.c.mu.Unlock()
	w.d.ailing = false
	w.d.limit = min(w.d.limit+1, w.c.perDestination())
	if len(w.d.pending) > 0 {
		w.c.Queue.bell.ring(w.d.domain)
	}
}

// all gives every recipient of a batch the same result.
func (w *worker) all(b *batch, r Reply) []result {
	host := ""
	if w.client != nil {
		host = w.client.host
	}
	return slices.Repeat([]result{{reply: r, host: host}}, len(b.message.Recipients))
}

// putOff records for everything that is due for the destination that it cannot
// be reached, and sends it no more for now.
func (w *worker) putOff(ctx context.Context, cause error) error {
	w.gaveUp = true
	w.c.mu.Lock()
	w.d.ailing, w.d.limit = true, 1
	w.c.mu.Unlock()
	reply := asReply(cause)
	for now := time.Now(); ; {
		ids, err := w.c.Queue.due(ctx, w.d.domain, now, refillSize)
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			b, err := w.c.Queue.load(ctx, id, w.d.domain, now)
			if err != nil {
				return err
			}
			if b == nil {
				continue
			}
			w.c.settle(ctx, b, w.all(b, reply))
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// settle records results and tells the sender what is to be told. It does not give
// up while the database cannot be written: what a server has taken would be sent
// once more.
func (c *Courier) settle(ctx context.Context, b *batch, results []result) {
	owed, err := c.Queue.record(ctx, b, results, c.Schedule, time.Now())
	for wait := time.Second; err != nil; wait = min(2*wait, time.Minute) {
		if ctx.Err() != nil {
			return
		}
		c.Log.ErrorContext(ctx, "what became of a message is not recorded yet", "queue_id", b.id, "error", err)
		pause(ctx, wait)
		owed, err = c.Queue.record(ctx, b, results, c.Schedule, time.Now())
	}
	if !owed {
		return
	}
	if err := c.Queue.report(ctx, b.id, c.Schedule); err != nil && ctx.Err() == nil {
		// The debt is kept with the recipients; the next look through the queue pays.
		c.Log.ErrorContext(ctx, "report not delivered", "queue_id", b.id, "error", err)
		time.AfterFunc(time.Minute, func() { c.Queue.bell.ring() })
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// needsUTF8 reports whether a message that was submitted as SMTPUTF8 has anything
// that needs it: most have not, and then more servers take it (RFC 6531 section
// 3.6).
func (m *content) needsUTF8(b *batch) bool {
	ascii := isASCII(b.message.Sender)
	for _, r := range b.message.Recipients {
		ascii = ascii && isASCII(r.Address)
	}
	return !ascii || !isASCII(string(b.prefix)) || !m.asciiHeader()
}

func isASCII(s string) bool {
	return len(s) == 0 || utf8.ValidString(s) && !slices.ContainsFunc([]byte(s), func(c byte) bool { return c >= utf8.RuneSelf })
}
