package admin

import (
	"slices"
	"time"

	"letterbox/history"
	"letterbox/store"
)

// An absence is a device that is not connected now, and how far it is behind: what
// it knew of the mailbox that it had selected last, against what is there now.
type absence struct {
	history.Device
	Behind int64 // changes; -1: the mailbox is gone, or it had none selected
}

// Of devices that are gone for longer, nobody waits that they come back.
const longestAbsence = 90 * 24 * time.Hour

// absences are the devices that were here and are not, those that left last first.
func (v *visit) absences() ([]absence, error) {
	if v.Watch == nil {
		return nil, nil
	}
	known, err := v.Watch.History.KnownDevices(v.context(), 0, pageRows)
	if err != nil {
		return nil, err
	}
	here := map[string]bool{}
	for _, g := range v.Telemetry.Sessions() {
		here[g.Who.DeviceKey] = true
	}
	known = slices.DeleteFunc(known, func(d history.Device) bool {
		return here[d.Key] || v.now.Sub(d.Last) > longestAbsence
	})
	now, err := v.modSeqs(len(known), func(i int) int64 { return known[i].Seen.Mailbox })
	if err != nil {
		return nil, err
	}
	list := make([]absence, len(known))
	for i, d := range known {
		list[i] = absence{d, -1}
		if modseq, ok := now[d.Seen.Mailbox]; ok {
			list[i].Behind = int64(modseq) - min(int64(d.Seen.ModSeq), int64(modseq))
		}
	}
	return list, nil
}

// modSeqs are how far mailboxes are now, by mailbox; those that are gone, and 0, are
// left out.
func (v *visit) modSeqs(n int, mailbox func(int) int64) (map[int64]uint64, error) {
	var ids []store.MailboxID
	for i := range n {
		if id := mailbox(i); id != 0 {
			ids = append(ids, store.MailboxID(id))
		}
	}
	slices.Sort(ids)
	boxes, err := v.Store.Counters(v.context(), slices.Compact(ids))
	if err != nil {
		return nil, err
	}
	now := map[int64]uint64{}
	for _, m := range boxes {
		now[int64(m.ID)] = uint64(m.ModSeq)
	}
	return now, nil
}

// left is after how long an absence is worth a line on the overview.
const left = 24 * time.Hour

// stragglers says which devices fall behind, those with the most changes first.
func (v *visit) stragglers(most int) (lines []string, err error) {
	list, err := v.absences()
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(a absence) bool { return a.Behind <= 0 || v.now.Sub(a.Last) < left })
	slices.SortStableFunc(list, func(a, b absence) int { return int(b.Behind - a.Behind) })
	for _, a := range list[:min(most, len(list))] {
		lines = append(lines, v.Say("absence.straggler", a.Words, a.Address, v.Span(v.now.Sub(a.Last)), a.Behind))
	}
	return lines, nil
}
