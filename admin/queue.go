package admin

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"letterbox/queue"
)

// mail shows what is on its way out.
func (v *visit) mail() error {
	items, err := v.Queue.List(v.context())
	if err != nil {
		return err
	}
	l := v.listing("since")
	var rows []queue.Item
	for _, item := range items {
		if l.Matches(append(addressesOf(item), item.Sender)...) {
			rows = append(rows, item)
		}
	}
	if l.Descending {
		for i, j := 0, len(rows)-1; i < j; i, j = i+1, j-1 {
			rows[i], rows[j] = rows[j], rows[i]
		}
	}
	return v.show(http.StatusOK, mailPage(v.page("mail", v.Say("queue.title")), l, cut(l, rows), len(items)))
}

func addressesOf(item queue.Item) (list []string) {
	for _, s := range item.Progress {
		list = append(list, s.Address)
	}
	return list
}

// queued shows how far one message is, and what the other side said.
func (v *visit) queued() error {
	id, err := v.queueID()
	if err != nil {
		return err
	}
	item, err := v.Queue.Show(v.context(), id)
	if err != nil {
		return unlessQueued(err)
	}
	return v.show(http.StatusOK, queuedPage(v.page("mail", v.Say("queue.one", senderOf(v.Language, *item))), item))
}

func (v *visit) queueID() (int64, error) {
	id, err := strconv.ParseInt(v.r.PathValue("id"), 10, 64)
	if err != nil {
		return 0, missing
	}
	return id, nil
}

// unlessQueued makes a page of what a message answers that is gone.
func unlessQueued(err error) error {
	if errors.Is(err, queue.ErrNotFound) {
		return &refusal{http.StatusNotFound, "refused.unqueued"}
	}
	return err
}

func (v *visit) retryAll() error {
	if err := v.Queue.RetryAll(v.context()); err != nil {
		return err
	}
	return v.done("/mail", "queue.tried")
}

func (v *visit) retryQueued() error { return v.operate(v.Queue.Retry, "queue.retried") }
func (v *visit) holdQueued() error  { return v.operate(v.Queue.Hold, "queue.held") }
func (v *visit) dropQueued() error  { return v.operate(v.Queue.Drop, "queue.dropped") }

// operate does something to one message; said is the key of what was done.
func (v *visit) operate(do func(context.Context, int64) error, said string) error {
	id, err := v.queueID()
	if err != nil {
		return err
	}
	if err := do(v.context(), id); err != nil {
		return unlessQueued(err)
	}
	return v.done("/mail", said)
}

// dropPage asks before a message goes.
func (v *visit) dropPage() error {
	id, err := v.queueID()
	if err != nil {
		return err
	}
	item, err := v.Queue.Show(v.context(), id)
	if err != nil {
		return unlessQueued(err)
	}
	return v.show(http.StatusOK, dropPage(v.page("mail", v.Say("queue.dropping.title")), item))
}

// queueState is how a message is, by the recipients who are not done.
func queueState(item queue.Item) (kind, key string) {
	kind, key = "good", "queue.state.done"
	for _, s := range item.Progress {
		switch {
		case s.State == "held":
			return "warn", "queue.state.held"
		case s.State == "failed":
			kind, key = "bad", "queue.state.failed"
		case s.State == "waiting" && s.Attempts > 0:
			return "warn", "queue.state.waiting"
		case s.State == "waiting":
			kind, key = "off", "queue.state.new"
		}
	}
	return kind, key
}

// why is what kept a message the last time; "" for nothing yet.
func why(item queue.Item) string {
	for _, s := range item.Progress {
		if s.State == "waiting" && s.Attempts > 0 {
			return s.Explained.Text
		}
	}
	return ""
}

// shorten names the first of many.
func shorten(p *page, list []string) string {
	const most = 2
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return p.Say("queue.more", strings.Join(list[:most], ", "), len(list)-most)
}
