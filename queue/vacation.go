package queue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"letterbox/database"
	"letterbox/delivery"
	"letterbox/directory"
	"letterbox/mailauth"
	"letterbox/message"
	"letterbox/store"
	"letterbox/trace"
)

// errNotAnswered undoes the transaction of an answer that is not to be.
var errNotAnswered = errors.New("the sender was told already")

// Answer tells the sender of a message that r, who has it, is away, if r wants that,
// the message is from a person to r personally, and the sender was not told lately
// (RFC 3834). The answer is from <> and says that a machine wrote it, and such mail is
// never answered: no two servers can answer each other. Nobody waits for it: what goes
// wrong is in the log, and the message stays delivered.
func (q *Queue) Answer(ctx context.Context, e delivery.Envelope, r directory.Recipient, raw []byte) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerTime)
	defer cancel()
	err := q.answer(ctx, e, r, raw)
	switch {
	case errors.Is(err, errNotAnswered):
		q.Log.DebugContext(ctx, "not answered", "message", e.ID, "account", r.User.Address, "reason", err)
	case err != nil:
		q.Log.ErrorContext(ctx, "not answered, though its recipient is away", "message", e.ID, "account", r.User.Address, "error", err)
	}
}

// answerTime is how long an answer may take: the sender waits meanwhile to hear that
// the message was taken.
const answerTime = 10 * time.Second

func (q *Queue) answer(ctx context.Context, e delivery.Envelope, r directory.Recipient, raw []byte) error {
	if e.Sender == "" {
		return nil
	}
	v, err := q.Delivery.Directory.Vacation(ctx, r.User.ID)
	if err != nil || !v.Applies(e.Received) {
		return err
	}
	if why := delivery.Automatic(e.Sender, raw); why != "" {
		return fmt.Errorf("%w: %s", errNotAnswered, why)
	}
	if e.Doubtful() {
		return fmt.Errorf("%w: its sender may be forged", errNotAnswered)
	}
	m := message.ParseHeader(raw)
	own, err := q.addressed(ctx, r, m, raw)
	if err != nil {
		return err
	}
	if own == "" {
		return fmt.Errorf("%w: it names no address of theirs", errNotAnswered)
	}
	return q.sendAnswer(ctx, e, r, away{Vacation: v, own: own, name: r.User.Name, to: e.Sender, original: m})
}

// maxAddressed is how many addresses of a message are looked at.
const maxAddressed = 100

// addressed is the address of the recipient alone that a message names in its header,
// the one that it came by if it does; "" for none (RFC 3834 section 2, RFC 5230
// section 4.5).
func (q *Queue) addressed(ctx context.Context, r directory.Recipient, m *message.Message, raw []byte) (string, error) {
	named := slices.Concat(m.To, m.Cc, m.Bcc)
	for _, field := range []string{"Resent-To", "Resent-Cc", "Resent-Bcc"} {
		for _, value := range message.HeaderValues(raw, field) {
			named = append(named, message.ParseHeader([]byte("To: "+value+"\r\n\r\n")).To...)
		}
	}
	var candidates []string
	for _, a := range named[:min(len(named), maxAddressed)] {
		address := directory.Address{Local: a.Local, Domain: a.Domain}.String()
		if strings.EqualFold(address, r.Address) {
			candidates = append([]string{r.Address}, candidates...)
			continue
		}
		candidates = append(candidates, address)
	}
	for _, address := range candidates {
		own, err := q.Delivery.Directory.IsPersonal(ctx, r.User.ID, address)
		if err != nil || own {
			return address, err
		}
	}
	return "", nil
}

// sendAnswer makes the answer durable, in the sender's mailbox or in the queue, with
// the note that they were told. It counts to nobody's limits.
func (q *Queue) sendAnswer(ctx context.Context, e delivery.Envelope, r directory.Recipient, a away) error {
	local, elsewhere, err := q.whereTo(ctx, a.to)
	if err != nil {
		return err
	}
	own := slices.ContainsFunc(local, func(l directory.Recipient) bool { return l.User.ID == r.User.ID })
	if own || len(local)+len(elsewhere) == 0 {
		return fmt.Errorf("%w: its sender is they themselves, or nobody", errNotAnswered)
	}
	now := time.Now()
	raw := a.compose(now)
	signed, err := q.signAnswer(ctx, raw)
	if err != nil {
		return err
	}
	o := outbound{
		Message: &Message{Account: r.User.ID, Recipients: elsewhere, SMTPUTF8: !isASCII(string(raw))},
		trace:   fmt.Sprintf("answer-%s-%d", e.ID, r.User.ID),
		prefix:  signed, size: int64(len(signed) + len(raw)), created: now,
	}
	var hold [][]byte
	if len(elsewhere) > 0 {
		hold = [][]byte{raw}
	}
	var id int64
	envelope := delivery.Envelope{ID: o.trace, For: a.to, Protocol: "answer", Received: now, Internal: true}
	err = q.Delivery.Deliver(ctx, envelope, local, raw, hold, func(tx *database.Tx, held []store.HeldID) error {
		may, err := q.Delivery.Directory.Answer(tx, r.User.ID, strings.ToLower(a.to), a.Days, now)
		if err == nil && !may {
			err = errNotAnswered
		}
		if err == nil && len(held) > 0 {
			id, err = o.insert(tx, held[0])
		}
		return err
	})
	if err != nil {
		return err
	}
	q.Log.InfoContext(ctx, "answered: the recipient is away", "message", e.ID, "account", r.User.Address, "to", a.to)
	q.Delivery.Journal.Record(trace.Event{Trace: e.ID, Kind: trace.Answered, Account: r.User.ID, Recipient: r.Address})
	if len(elsewhere) > 0 {
		q.bell.ring(domains(elsewhere)...)
		q.journalQueued(o.trace, id, o.Message)
	}
	return nil
}

// signAnswer signs an answer in the name of its author's domain. Empty without keys.
func (q *Queue) signAnswer(ctx context.Context, raw []byte) ([]byte, error) {
	authors, err := delivery.Authors(raw)
	if err != nil || len(authors) == 0 {
		return []byte{}, err
	}
	_, domain, _ := strings.Cut(authors[0], "@")
	keys, err := q.keys(ctx, domain)
	if err != nil || len(keys) == 0 {
		return []byte{}, err
	}
	return mailauth.Sign(raw, keys, time.Now())
}
