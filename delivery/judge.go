package delivery

import (
	"context"

	"letterbox/directory"
	"letterbox/junk"
	"letterbox/store"
)

// A judged message is what it is to each of its recipients.
type judged struct {
	mail       *junk.Mail
	judgements []junk.Judgement // by recipient; empty when nobody judged
	suspicious bool             // to everybody, by its author's domain
}

// judge asks the junk filter about mail from outside. Users' own mail, and what is
// made here, is nobody's junk.
func (d *Delivery) judge(ctx context.Context, e Envelope, to []directory.Recipient, raw []byte) judged {
	all := judged{suspicious: e.Suspicious()}
	if d.Junk == nil || e.Internal || e.User != nil {
		return all
	}
	all.mail = &junk.Mail{Raw: raw, Verdict: e.Verdict, Evidence: e.Evidence, Remote: e.Remote}
	for _, r := range to {
		j := d.Junk.Judge(ctx, store.AccountID(r.User.ID), all.mail)
		d.Log.InfoContext(ctx, "judged", "message", e.ID, "account", r.User.Address,
			"junk", j.Junk, "score", j.Score, "threshold", j.Threshold, "decided", j.Decided)
		all.judgements = append(all.judgements, j)
	}
	return all
}

// junk says whether the message goes to the Junk of a recipient.
func (all judged) junk(i int) bool {
	if i < len(all.judgements) {
		return all.judgements[i].Junk
	}
	return all.suspicious
}

// count is to how many of so many recipients it is junk.
func (all judged) count(recipients int) (n int64) {
	for i := range recipients {
		if all.junk(i) {
			n++
		}
	}
	return n
}

// field is the line that tells a recipient why.
func (all judged) field(i int) []byte {
	if i < len(all.judgements) {
		return all.judgements[i].Field()
	}
	return nil
}

// tell lets the filter know what was delivered where.
func (all judged) tell(f *junk.Filter, to []directory.Recipient, added []store.Added) {
	for i, j := range all.judgements {
		f.Arrived(store.AccountID(to[i].User.ID), added[i].Message, all.mail, j)
	}
}
