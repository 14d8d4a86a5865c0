package delivery

import (
	"fmt"
	"strings"

	"letterbox/directory"
	"letterbox/trace"
)

// journal notes in which folders a message is.
func (d *Delivery) journal(e Envelope, to []directory.Recipient, places []place, judged judged) {
	for i, r := range to {
		event := trace.Event{
			Trace: e.ID, Kind: trace.Delivered, Account: r.User.ID, Recipient: r.Address, Folder: places[i].name,
		}
		if rule := places[i].rule; rule != "" {
			event.Notes = []trace.Note{{Name: "rule", Text: rule}}
		}
		if r.Returned {
			event.Notes = append(event.Notes, trace.Note{Name: "rule", Text: "it was passed on and came back"})
		}
		event.Notes = append(event.Notes, judged.notes(i)...)
		d.Journal.Record(event)
	}
}

// notes are what the junk filter thinks of a recipient's copy, and what each reason
// contributed.
func (all judged) notes(i int) []trace.Note {
	if i >= len(all.judgements) {
		return nil
	}
	j := all.judgements[i]
	verdict := fmt.Sprintf("%.1f of %.1f", j.Score, j.Threshold)
	if j.Decided != "" {
		verdict += ", decided by " + j.Decided
	}
	notes := []trace.Note{{Name: "score", Text: verdict}}
	for _, r := range j.Reasons {
		notes = append(notes, trace.Note{Name: "junk", Text: strings.TrimSpace(fmt.Sprintf("%+.1f %s %s", r.Points, r.Name, r.Detail))})
	}
	return notes
}

// Notes are what was found out about a message, for its trace.
func (e *Envelope) Notes() []trace.Note {
	if e.Verdict == nil {
		return nil
	}
	v := e.Verdict
	notes := []trace.Note{{Name: "spf", Text: string(v.SPF.Result)}}
	for _, sig := range v.DKIM {
		notes = append(notes, trace.Note{Name: "dkim", Text: fmt.Sprintf("%s %s", sig.Result, sig.Domain)})
	}
	dmarc := fmt.Sprintf("%s %s", v.DMARC.Result, v.DMARC.From)
	if v.DMARC.Disposition != "" {
		dmarc += ", to do: " + v.DMARC.Disposition
	}
	return append(notes, trace.Note{Name: "dmarc", Text: dmarc}, trace.Note{Name: "arc", Text: string(v.ARC.Result)})
}

// MessageID is that of a raw message, without its angle brackets; "" for none.
func MessageID(raw []byte) string {
	for f := range headerFields(raw) {
		if f.is("Message-ID") {
			return strings.Trim(strings.TrimSpace(string(f.value)), "<>")
		}
	}
	return ""
}
