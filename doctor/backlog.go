package doctor

import (
	"context"
	"time"

	"letterbox/queue"
)

// waitLate is how long mail may wait before somebody should look at it.
const waitLate = 4 * time.Hour

// backlog looks at the mail that is to leave.
func backlog(_ context.Context, p *Patient) []Result {
	a := machineThing("queue", "")
	if p.QueueErr != nil {
		return []Result{a.unknown("unknown", p.QueueErr.Error())}
	}
	var late, held int
	var words string
	for _, item := range p.Queue {
		switch state := waiting(item); {
		case state == nil:
		case state.State == "held":
			held++
		case p.now().Sub(item.Created) > waitLate:
			late, words = late+1, state.Explained.Text
		}
	}
	switch {
	case late > 0:
		return []Result{a.amber("late", late, words)}
	case held > 0:
		return []Result{a.amber("held", held)}
	}
	return []Result{a.ok("fine", len(p.Queue))}
}

// waiting is the first recipient of a message who has not got it yet.
func waiting(item queue.Item) *queue.RecipientState {
	for i, s := range item.Progress {
		if s.State == "waiting" || s.State == "held" {
			return &item.Progress[i]
		}
	}
	return nil
}
