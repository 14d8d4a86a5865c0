package admin

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"time"

	"letterbox/directory"
	"letterbox/history"
	"letterbox/telemetry"
)

// A sessionRow is a connection that is open.
type sessionRow struct {
	telemetry.Glance
	Behind string // how far the device is behind, in words
}

// sessions lists who is connected now, and how devices connect.
func (v *visit) sessions() error {
	l := v.listing("-since", "address", "active", "-sent")
	var rows []telemetry.Glance
	for _, g := range v.Telemetry.Sessions() {
		if g.Who.Account != 0 && l.Matches(g.Who.Address, g.Who.Device, g.Who.Remote.String()) {
			rows = append(rows, g)
		}
	}
	slices.SortStableFunc(rows, func(a, b telemetry.Glance) int { return l.order(compareSessions(a, b, l.Sort)) })
	shown, err := v.withLag(cut(l, rows))
	if err != nil {
		return err
	}
	var usages []history.Usage
	if v.Watch != nil {
		if usages, err = v.Watch.History.Usages(v.context(), v.now.Add(-24*time.Hour), pageRows); err != nil {
			return err
		}
	}
	gone, err := v.absences()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, sessionsPage(v.page("overview", v.Say("sessions.title")), l, shown, gone, usages))
}

func compareSessions(a, b telemetry.Glance, column string) int {
	switch column {
	case "address":
		return cmp.Compare(a.Who.Address, b.Who.Address)
	case "active":
		return a.Active.Compare(b.Active)
	case "sent":
		return cmp.Compare(a.Sent, b.Sent)
	}
	return a.Since.Compare(b.Since)
}

// withLag compares how far each client knows its mailbox with how far that is.
func (v *visit) withLag(list []telemetry.Glance) ([]sessionRow, error) {
	now, err := v.modSeqs(len(list), func(i int) int64 { return list[i].Seen.Mailbox })
	if err != nil {
		return nil, err
	}
	rows := make([]sessionRow, len(list))
	for i, g := range list {
		rows[i] = sessionRow{g, ""}
		switch modseq, ok := now[g.Seen.Mailbox]; {
		case !ok:
		case modseq <= g.Seen.ModSeq:
			rows[i].Behind = v.Say("sessions.current")
		default:
			rows[i].Behind = v.Say("sessions.behind", int64(modseq-g.Seen.ModSeq))
		}
	}
	return rows, nil
}

// kick ends a connection, or all of somebody. They may come back with their
// password.
func (v *visit) kick() error {
	f, err := v.form()
	if err != nil {
		return err
	}
	id, _ := strconv.ParseInt(f.Text("session"), 10, 64)
	address := f.Text("address")
	if id == 0 && address == "" {
		return missing
	}
	n := v.Telemetry.Kick(func(g telemetry.Glance) bool {
		return g.Who.Account != 0 && (g.ID == id || address != "" && g.Who.Address == address)
	})
	if err := v.Directory.Record(v.context(), directory.Event{Action: "session.kick", Subject: address, Detail: strconv.Itoa(n)}); err != nil {
		return err
	}
	return v.done("/sessions", "sessions.kicked", n)
}
