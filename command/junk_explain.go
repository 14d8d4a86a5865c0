package command

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/emersion/go-imap/v2"
	"letterbox/appliance"
	"letterbox/control"
	"letterbox/junk"
	"letterbox/store"
)

type junkExplain struct {
	Address string `arg:"" help:"Whose."`
	UID     uint32 `arg:"" optional:"" help:"Which message, by its number in the list that is shown without one."`
	Mailbox string `default:"Junk" help:"Where it is."`
	listFlags
}

// A judgementRecord is a judgement in JSON.
type judgementRecord struct {
	UID       uint32         `json:"uid"`
	From      string         `json:"from"`
	Subject   string         `json:"subject"`
	Received  string         `json:"received"`
	Judged    bool           `json:"judged"` // when it came
	Junk      bool           `json:"junk"`
	Score     float64        `json:"score"`
	Threshold float64        `json:"threshold"`
	Decided   string         `json:"decided"`
	Reasons   []reasonRecord `json:"reasons"`
}

type reasonRecord struct {
	Name    string  `json:"name"`
	Points  float64 `json:"points"`
	Detail  string  `json:"detail"`
	Meaning string  `json:"meaning"`
}

// explained is how many messages are listed.
const explained = 20

func everything() imap.UIDSet { return imap.UIDSet{{Start: 1}} }

func (c *junkExplain) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	account, err := accountOf(ctx, d, c.Address)
	if err != nil {
		return err
	}
	box, err := d.Store.Mailbox(ctx, account, c.Mailbox)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Mailbox, err)
	}
	which := everything()
	if c.UID != 0 {
		which = imap.UIDSetNum(imap.UID(c.UID))
	}
	records := []judgementRecord{}
	var message store.MessageID
	err = d.Store.Rows(ctx, box.ID, which, store.WithHeader, func(row *store.Row) error {
		if records = append(records, newJudgementRecord(row)); len(records) > explained {
			records = records[1:]
		}
		message = row.Message
		return nil
	})
	switch {
	case err != nil:
		return err
	case c.UID == 0:
		return c.list(stdio.Out, records)
	case len(records) == 0:
		return errors.New("there is no such message; without a number, the latest are listed")
	case c.JSON:
		return c.print(stdio.Out, records[0], nil)
	}
	now, err := d.Junk.Again(ctx, account, message)
	if err != nil {
		return err
	}
	records[0].write(stdio.Out, now)
	return nil
}

func newJudgementRecord(row *store.Row) judgementRecord {
	r := judgementRecord{
		UID: uint32(row.UID), From: headerText(row.Header, "From"), Subject: headerText(row.Header, "Subject"),
		Received: stamp(row.Received), Reasons: []reasonRecord{},
	}
	j, judged := junk.Told(row.Prefix)
	r.Judged, r.Junk, r.Score, r.Threshold, r.Decided = judged, j.Junk, j.Score, j.Threshold, j.Decided
	for _, reason := range j.Reasons {
		r.Reasons = append(r.Reasons, newReasonRecord(reason))
	}
	return r
}

func newReasonRecord(r junk.Reason) reasonRecord {
	return reasonRecord{r.Name, r.Points, printable(r.Detail), meaning(r.Name)}
}

// meaning says in words what a reason is.
func meaning(name string) string {
	switch name {
	case junk.ReasonAllowed:
		return "an exception: never junk"
	case junk.ReasonDenied:
		return "an exception: always junk"
	case junk.ReasonPolicy:
		return "the author's domain disowns it and asks for Junk"
	case junk.ReasonContent:
		return "its words, by what was learned (near 1: of junk, near 0: of what is wanted)"
	case junk.ReasonAlike:
		return "nearly the same as something that was moved to Junk"
	case junk.ReasonCorrespondent:
		return "somebody you know: their words are not judged"
	case junk.ReasonSender:
		return "how mail from that address was received before"
	case junk.ReasonDomain:
		return "how mail from that domain was received before"
	case junk.ReasonNetwork:
		return "how mail from that network was received before"
	case junk.ReasonForged:
		return "the author's domain does not stand for it"
	case junk.ReasonListed:
		return "a list of machines that send junk"
	case junk.ReasonRspamd, junk.ReasonMilter:
		return "a filter that was asked"
	case junk.ReasonVirus:
		return "something harmful is in it"
	case junk.ReasonUnchecked:
		return "a filter that did not answer; it counts for nothing"
	}
	return ""
}

func (c *junkExplain) list(w io.Writer, records []judgementRecord) error {
	t := &table{header: []string{"UID", "SCORE", "MOST", "FROM", "SUBJECT"}, empty: "There is nothing in " + c.Mailbox + "."}
	for _, r := range records {
		score, most := "-", "not judged"
		if r.Judged {
			score, most = fmt.Sprintf("%.1f", r.Score), r.loudest()
		}
		t.add(fmt.Sprint(r.UID), score, most, short(r.From, 30), short(r.Subject, 40))
	}
	return c.print(w, records, t)
}

// loudest names the reason that counted most.
func (r judgementRecord) loudest() string {
	if r.Decided != "" {
		return r.Decided
	}
	most := reasonRecord{Name: "-"}
	for _, reason := range r.Reasons {
		if reason.Points*reason.Points > most.Points*most.Points {
			most = reason
		}
	}
	return most.Name
}

// write tells one message's judgement, and what it would be now.
func (r judgementRecord) write(w io.Writer, now junk.Judgement) {
	fmt.Fprintf(w, "From:    %s\nSubject: %s\n\n", r.From, r.Subject)
	if r.Judged {
		tellJudgement(w, "When it came", r.Junk, r.Score, r.Threshold, r.Decided, r.Reasons)
	} else {
		fmt.Fprintln(w, "When it came, nothing was found that speaks against it, or nobody judged it.")
	}
	var reasons []reasonRecord
	for _, reason := range now.Reasons {
		reasons = append(reasons, newReasonRecord(reason))
	}
	tellJudgement(w, "\nIf it came now", now.Junk, now.Score, now.Threshold, now.Decided, reasons)
}

func tellJudgement(w io.Writer, when string, isJunk bool, score, threshold float64, decided string, reasons []reasonRecord) {
	place := "wanted"
	if isJunk {
		place = "junk"
	}
	fmt.Fprintf(w, "%s: %s, %.1f points; %.1f make it junk", when, place, score, threshold)
	if decided != "" {
		fmt.Fprintf(w, "; %s decided", decided)
	}
	fmt.Fprintln(w)
	for _, r := range reasons {
		fmt.Fprintf(w, "  %+5.1f  %-13s %s\n", r.Points, r.Name, r.Meaning)
		if r.Detail != "" {
			fmt.Fprintf(w, "         %-13s %s\n", "", r.Detail)
		}
	}
}
