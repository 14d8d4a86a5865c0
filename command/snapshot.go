package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"letterbox/appliance"
	"letterbox/backup"
	"letterbox/control"
)

type snapshotCmd struct {
	Now     snapshotNow     `cmd:"" help:"Take a snapshot now, to every target of the configuration."`
	List    snapshotList    `cmd:"" help:"List the snapshots of a target."`
	Status  snapshotStatus  `cmd:"" help:"What is being done, and when each target was last written to and proven."`
	Verify  snapshotVerify  `cmd:"" help:"Read everything at a target and name what is damaged or missing."`
	Prove   snapshotProve   `cmd:"" help:"Restore a snapshot into scratch space and compare."`
	Browse  snapshotBrowse  `cmd:"" help:"Look into a snapshot: people, folders, messages."`
	Restore snapshotRestore `cmd:"" help:"Bring back a whole appliance, or somebody's mail."`
	Prune   snapshotPrune   `cmd:"" help:"Remove the snapshots that the schedule does not keep."`
	Sheet   snapshotSheet   `cmd:"" help:"Print a sheet for relatives: how to get the mail back without whoever runs this."`
	Key     snapshotKey     `cmd:"" help:"The keys that open the snapshots."`
}

// fromFlags say which target is meant.
type fromFlags struct {
	From     string `placeholder:"TARGET" help:"The target: an absolute path, s3://HOST/BUCKET/PREFIX or sftp://USER@HOST/PATH. Default: the first of the configuration."`
	Identity string `type:"path" placeholder:"FILE" help:"The file with the key, where this appliance does not have it. Without it the passphrase is asked for."`
}

// target opens the target.
func (f *fromFlags) target(ctx context.Context, c *appliance.Config) (backup.Target, error) {
	address := c.SnapshotTarget(f.From)
	if address == "" {
		targets := c.SnapshotPlan().Targets
		if len(targets) == 0 {
			return nil, errors.New("no target is configured: name one with --from, or set snapshot.target")
		}
		address = targets[0]
	}
	return backup.OpenTarget(ctx, address, c.SnapshotAccess())
}

// elsewhere reports whether the snapshots are to be read without an appliance:
// there is none, or it does not have the key.
func (f *fromFlags) elsewhere(s *shell) (bool, error) {
	c, err := s.config()
	if err != nil {
		return false, err
	}
	used, err := c.Used()
	return f.From != "" && (!used || f.Identity != ""), err
}

// repository opens what is at the target with the owner's key.
func (f *fromFlags) repository(ctx context.Context, s *shell) (*backup.Repository, error) {
	c, err := s.config()
	if err != nil {
		return nil, err
	}
	t, err := f.target(ctx, &c)
	if err != nil {
		return nil, err
	}
	unlock, err := f.unlock(ctx, s)
	if err != nil {
		return nil, err
	}
	return backup.Open(ctx, t, unlock) // the target is open as long as this process
}

// unlock opens the repository's key with a file, else with a passphrase, which is
// asked for only where there is one.
func (f *fromFlags) unlock(ctx context.Context, s *shell) (backup.Unlock, error) {
	if f.Identity != "" {
		file, err := os.Open(f.Identity)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		return backup.WithIdentities(file)
	}
	return func(copies map[string][]byte) (*backup.Key, error) {
		if copies[backup.PassphraseCopy] == nil {
			return backup.Locked(copies)
		}
		passphrase, err := s.askPassphrase(ctx)
		if err != nil {
			return nil, err
		}
		unlock, err := backup.WithPassphrase(passphrase)
		if err != nil {
			return nil, err
		}
		return unlock(copies)
	}, nil
}

type snapshotNow struct {
	listFlags
	Hurry bool `help:"Do not leave the machine to the mail first."`
}

type takenRecord struct {
	Target   string  `json:"target"`
	Snapshot string  `json:"snapshot"`
	Written  int64   `json:"written_bytes"`
	Took     float64 `json:"took_seconds"` // without the proof
	Proven   bool    `json:"proven"`
	Error    string  `json:"error"`
}

func (c *snapshotNow) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	plan := d.Config.SnapshotPlan()
	plan.Hurry = c.Hurry
	if len(plan.Targets) == 0 {
		return errors.New("no target is configured: set snapshot.target")
	}
	records := []takenRecord{}
	t := &table{header: []string{"TARGET", "SNAPSHOT", "WRITTEN", "RESULT"}}
	var failed []error
	for _, target := range plan.Targets {
		err := d.Snapshots.Round(ctx, target, plan)
		r, recordErr := recordOf(d, target)
		if err = errors.Join(err, recordErr); err != nil {
			failed = append(failed, err)
			records = append(records, takenRecord{Target: target, Error: err.Error()})
			continue
		}
		proven, _ := r.Proven()
		one := takenRecord{target, string(r.Last), r.Written, r.Took.Seconds(), proven == r.Last, r.Proof.Error}
		records = append(records, one)
		t.add(target, one.Snapshot, size(one.Written), takenResult(one))
	}
	if len(t.rows) > 0 || c.JSON {
		if err := c.print(stdio.Out, records, t); err != nil {
			return err
		}
	}
	return errors.Join(failed...)
}

func takenResult(r takenRecord) string {
	switch {
	case r.Error != "":
		return "taken, but cannot be restored: " + r.Error
	case r.Proven:
		return "taken and proven"
	}
	return "taken"
}

func recordOf(d *appliance.Data, target string) (backup.Record, error) {
	records, err := d.Snapshots.Records()
	for _, r := range records {
		if r.Target == target {
			return r, err
		}
	}
	return backup.Record{Target: target}, err
}

type snapshotStatus struct{ listFlags }

func (c *snapshotStatus) inside(_ context.Context, d *appliance.Data, stdio control.Stdio) error {
	status := d.Snapshots.Status()
	type record struct {
		Target     string `json:"target"`
		Last       string `json:"last_snapshot"`
		LastAt     string `json:"last_snapshot_at"`
		Error      string `json:"error"`
		Proven     string `json:"proven_snapshot"`
		ProvenAt   string `json:"proven_at"`
		FullAt     string `json:"everything_proven_at"`
		ProofError string `json:"proof_error"`
	}
	answer := struct {
		Task    string   `json:"task"`
		Done    int64    `json:"done_bytes"`
		Total   int64    `json:"total_bytes"`
		Targets []record `json:"targets"`
	}{status.Task, status.Done, status.Total, []record{}}
	t := &table{header: []string{"TARGET", "LAST SNAPSHOT", "LAST PROVEN RESTORE", "REMARK"}, empty: "No target is configured: set snapshot.target."}
	for _, target := range d.Config.SnapshotPlan().Targets {
		r, err := recordOf(d, target)
		if err != nil {
			return err
		}
		proven, at := r.Proven()
		one := record{target, string(r.Last), stamp(r.Last.Time()), r.Error, string(proven), stamp(at), stamp(r.Full.At), r.Proof.Error}
		answer.Targets = append(answer.Targets, one)
		text := "-"
		if proven != "" {
			text = fmt.Sprintf("%s, of %s", moment(at), moment(proven.Time()))
		}
		t.add(target, moment(r.Last.Time()), text, strings.TrimSpace(r.Error+" "+r.Proof.Error))
	}
	if status.Task != "" && !c.JSON {
		fmt.Fprintf(stdio.Out, "Now: %s, %s of %s.\n", status.Task, size(status.Done), size(status.Total))
	}
	return c.print(stdio.Out, answer, t)
}
