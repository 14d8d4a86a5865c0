package admin

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"letterbox/backup"
)

// A placeView is one target with what lies there.
type placeView struct {
	Number  int
	Address string
	Record  backup.Record
	Error   string // why it could not be looked at
	Taken   []snapshotView
}

// A snapshotView is a row of the timeline.
type snapshotView struct {
	ID       backup.ID
	Messages int64
	Bytes    int64
	Error    string
	Proven   bool
}

// targetTime is how long a page waits for a target far away.
const targetTime = 8 * time.Second

// snapshots shows what is copied, where, and whether it can be restored.
func (v *visit) snapshots() error {
	places, err := v.places()
	if err != nil {
		return err
	}
	p := v.page("snapshots", v.Say("snapshots.title"))
	return v.show(http.StatusOK, snapshotsPage(p, places, v.Snapshots.Status()))
}

// sheet is a file to be printed: a page of its own, which must look the same
// where there is no appliance any more.
func (v *visit) sheet() error {
	sheet, err := v.Sheet(v.context())
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.Header().Set("Content-Disposition", `attachment; filename="letterbox-sheet.html"`)
	_, err = io.WriteString(v.w, sheet.HTML(v.Language))
	return err
}

// places looks at every target.
func (v *visit) places() (list []placeView, err error) {
	known, err := v.Snapshots.Records()
	if err != nil {
		return nil, err
	}
	for i, address := range v.Machine.Plan.Targets {
		one := placeView{Number: i, Address: address}
		at := slices.IndexFunc(known, func(r backup.Record) bool { return r.Target == address })
		if at >= 0 {
			one.Record = known[at]
		}
		if one.Taken, err = v.timeline(address, one.Record); err != nil {
			one.Error = err.Error() // it is shown there, and the others are looked at
		}
		list = append(list, one)
	}
	return list, nil
}

// timeline lists the snapshots of a target, newest first.
func (v *visit) timeline(address string, r backup.Record) (list []snapshotView, err error) {
	ctx, cancel := context.WithTimeout(v.context(), targetTime)
	defer cancel()
	t, err := backup.OpenTarget(ctx, address, v.Machine.Plan.Access)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	repo, err := v.Snapshots.Repository(ctx, t)
	if errors.Is(err, backup.ErrNoSnapshot) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	ids, err := repo.Snapshots(ctx)
	if err != nil {
		return nil, err
	}
	proven, _ := r.Proven()
	for _, id := range slices.Backward(ids) {
		one := snapshotView{ID: id, Proven: id == proven}
		if m, err := repo.Manifest(ctx, id); err != nil {
			one.Error = err.Error()
		} else {
			one.Messages, one.Bytes = m.Counts["messages"], m.Size()
		}
		list = append(list, one)
	}
	return list, nil
}

// takeSnapshot begins one; the page shows how far it is.
func (v *visit) takeSnapshot() error {
	if v.Snapshots.Status().Task != "" {
		return v.done("/snapshots", "snapshots.busy")
	}
	v.Machine.TakeSnapshot()
	return v.done("/snapshots", "snapshots.begun")
}

// snapshotsLead is the answer to: would the mail survive?
func snapshotsLead(p *page, places []placeView) string {
	var at time.Time
	for _, one := range places {
		if _, when := one.Record.Proven(); when.After(at) {
			at = when
		}
	}
	switch {
	case len(places) == 0:
		return p.Say("snapshots.lead.none")
	case at.IsZero():
		return p.Say("snapshots.lead.unproven")
	}
	return p.Say("snapshots.lead.some", p.Ago(at, p.Now))
}

func snapshotPath(place int, id backup.ID) string {
	return "/snapshots/" + strconv.Itoa(place) + "/" + string(id)
}
