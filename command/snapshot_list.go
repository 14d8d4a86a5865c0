package command

import (
	"context"
	"fmt"
	"io"
	"strings"

	"letterbox/appliance"
	"letterbox/backup"
	"letterbox/control"
)

type snapshotList struct {
	listFlags
	fromFlags
}

func (c *snapshotList) local(ctx context.Context, s *shell) error {
	elsewhere, err := c.elsewhere(s)
	if err != nil {
		return err
	}
	if !elsewhere {
		return s.inside(ctx, c, s.Stdio)
	}
	repo, err := c.repository(ctx, s)
	if err != nil {
		return err
	}
	return c.list(ctx, repo, s.Out)
}

func (c *snapshotList) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	t, err := c.target(ctx, &d.Config)
	if err != nil {
		return err
	}
	defer t.Close()
	repo, err := d.Snapshots.Repository(ctx, t)
	if err != nil {
		return err
	}
	return c.list(ctx, repo, stdio.Out)
}

func (c *snapshotList) list(ctx context.Context, repo *backup.Repository, w io.Writer) error {
	ids, err := repo.Snapshots(ctx)
	if err != nil {
		return err
	}
	type record struct {
		Snapshot string           `json:"snapshot"`
		Taken    string           `json:"taken"`
		Host     string           `json:"host"`
		Program  string           `json:"program"`
		Bytes    int64            `json:"bytes"`
		Counts   map[string]int64 `json:"counts"`
		Error    string           `json:"error"`
	}
	records := []record{}
	t := &table{header: []string{"SNAPSHOT", "TAKEN", "MESSAGES", "SIZE", "REMARK"}, empty: "No snapshot yet. Take one: letterbox snapshot now"}
	for _, id := range ids {
		one := record{Snapshot: string(id), Taken: stamp(id.Time())}
		m, err := repo.Manifest(ctx, id)
		if err != nil {
			one.Error = err.Error()
			t.add(string(id), moment(id.Time()), "-", "-", one.Error)
		} else {
			one.Host, one.Program, one.Bytes, one.Counts = m.Host, m.Program, m.Size(), m.Counts
			t.add(string(id), moment(id.Time()), fmt.Sprint(m.Counts["messages"]), size(one.Bytes), "")
		}
		records = append(records, one)
	}
	return c.print(w, records, t)
}

type snapshotVerify struct {
	listFlags
	fromFlags
	Snapshot []string `arg:"" optional:"" help:"Only these; as 'letterbox snapshot list' names them. Default: all."`
}

func (c *snapshotVerify) local(ctx context.Context, s *shell) error {
	elsewhere, err := c.elsewhere(s)
	if err != nil {
		return err
	}
	if !elsewhere {
		return s.inside(ctx, c, s.Stdio)
	}
	repo, err := c.repository(ctx, s)
	if err != nil {
		return err
	}
	ids, err := c.ids(ctx, repo)
	if err != nil {
		return err
	}
	v, err := repo.Verify(ctx, ids...)
	if err != nil {
		return err
	}
	return c.tell(v, s.Out)
}

func (c *snapshotVerify) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	t, err := c.target(ctx, &d.Config)
	if err != nil {
		return err
	}
	defer t.Close()
	repo, err := d.Snapshots.Repository(ctx, t)
	if err != nil {
		return err
	}
	ids, err := c.ids(ctx, repo)
	if err != nil {
		return err
	}
	v, err := d.Snapshots.Verify(ctx, t, ids...)
	if err != nil {
		return err
	}
	return c.tell(v, stdio.Out)
}

func (c *snapshotVerify) ids(ctx context.Context, repo *backup.Repository) (ids []backup.ID, err error) {
	for _, name := range c.Snapshot {
		id, err := repo.Find(ctx, name)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func (c *snapshotVerify) tell(v backup.Verified, w io.Writer) error {
	type problem struct {
		Object    string      `json:"object"`
		Error     string      `json:"error"`
		Snapshots []backup.ID `json:"snapshots"`
		Holds     []string    `json:"holds"`
	}
	answer := struct {
		Snapshots int       `json:"snapshots"`
		Bundles   int       `json:"bundles"`
		Bytes     int64     `json:"bytes"`
		Problems  []problem `json:"problems"`
	}{v.Snapshots, v.Bundles, v.Bytes, []problem{}}
	t := &table{
		header: []string{"OBJECT", "PROBLEM", "SNAPSHOTS", "HOLDS"},
		empty:  fmt.Sprintf("All is well: %s, %s of %s read and compared.", plural(v.Snapshots, "snapshot"), plural(v.Bundles, "bundle"), size(v.Bytes)),
	}
	for _, p := range v.Problems {
		answer.Problems = append(answer.Problems, problem{p.Object, p.Err.Error(), p.Snapshots, p.Holds})
		t.add(p.Object, p.Err.Error(), plural(len(p.Snapshots), "snapshot"), strings.Join(p.Holds, "; "))
	}
	if err := c.print(w, answer, t); err != nil || len(v.Problems) == 0 {
		return err
	}
	return fmt.Errorf("%s at the target; the next snapshot writes again what this appliance still has", plural(len(v.Problems), "problem"))
}

type snapshotProve struct {
	listFlags
	fromFlags
	Snapshot string `arg:"" optional:"" help:"Which. Default: the newest."`
	Full     bool   `help:"Compare every message, not a sample."`
}

func (c *snapshotProve) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	t, err := c.target(ctx, &d.Config)
	if err != nil {
		return err
	}
	defer t.Close()
	repo, err := d.Snapshots.Repository(ctx, t)
	if err != nil {
		return err
	}
	id, err := repo.Find(ctx, c.Snapshot)
	if err != nil {
		return err
	}
	proof, err := d.Snapshots.Prove(ctx, t, id, c.Full)
	if err != nil {
		return err
	}
	if proof.Error != "" {
		return fmt.Errorf("snapshot %s cannot be restored whole: %s", id, proof.Error)
	}
	table := &table{empty: fmt.Sprintf("Snapshot %s was restored into scratch space: the database is whole, %s compared.", id, plural(proof.Bodies, "message body"))}
	return c.print(stdio.Out, map[string]any{"snapshot": id, "bodies": proof.Bodies, "full": proof.Full}, table)
}

type snapshotPrune struct {
	listFlags
	fromFlags
	DryRun bool `help:"Only say what would be removed."`
}

func (c *snapshotPrune) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	plan := d.Config.SnapshotPlan()
	if plan.AppendOnly {
		return fmt.Errorf("snapshot.append_only is set: nothing is removed from here")
	}
	t, err := c.target(ctx, &d.Config)
	if err != nil {
		return err
	}
	defer t.Close()
	p, err := d.Snapshots.Prune(ctx, t, plan.Schedule, c.DryRun)
	if err != nil {
		return err
	}
	would := ""
	if c.DryRun {
		would = " would be"
	}
	table := &table{empty: fmt.Sprintf("%s%s removed, %s kept; %s%s freed, %s that nothing needs are too young to go.",
		plural(len(p.Removed), "snapshot"), would, plural(len(p.Kept), "snapshot"), size(p.Bytes), would, plural(p.Waiting, "bundle"))}
	return c.print(stdio.Out, map[string]any{
		"removed": p.Removed, "kept": p.Kept, "freed_bytes": p.Bytes, "waiting_bundles": p.Waiting, "dry_run": c.DryRun,
	}, table)
}
