package command

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/emersion/go-imap/v2"
	"letterbox/appliance"
	"letterbox/backup"
	"letterbox/control"
	"letterbox/database"
	"letterbox/queue"
	"letterbox/store"
)

type snapshotRestore struct {
	listFlags
	fromFlags
	Snapshot string   `placeholder:"ID" help:"Which. Default: the newest."`
	Address  string   `arg:"" optional:"" help:"Whose mail. Default: the whole appliance, into an empty data folder."`
	Folder   string   `arg:"" optional:"" help:"One folder. Default: all."`
	UID      []uint32 `placeholder:"UID" help:"Single messages of the folder, as 'letterbox snapshot browse' numbers them."`
	Beside   bool     `help:"Put everything below a new folder 'Restored/DATE', also what is not missing. Default: only what is missing, to where it was."`
	Damaged  bool     `help:"Restore a whole appliance although the snapshot's database is damaged; then run 'letterbox rescue'."`
	DryRun   bool     `help:"Only say what would change."`
}

func (*snapshotRestore) Help() string {
	return "On a new machine: letterbox --data DIR snapshot restore --from TARGET --identity FILE. It can be interrupted and run again. Every client then loads its folders anew.\n\n" +
		"Somebody's mail: letterbox snapshot restore ADDRESS [FOLDER], while the appliance runs. What is there stays as it is."
}

func (c *snapshotRestore) local(ctx context.Context, s *shell) error {
	if c.Address != "" {
		if c.Identity != "" {
			return errors.New("--identity is for a whole appliance; somebody's mail is restored with this appliance's own key")
		}
		return s.inside(ctx, c, s.Stdio)
	}
	if c.From == "" {
		return errors.New("name the target that has the snapshot with --from, or whose mail is to come back")
	}
	return c.whole(ctx, s)
}

// whole restores an appliance.
func (c *snapshotRestore) whole(ctx context.Context, s *shell) error {
	config, err := s.config()
	if err != nil {
		return err
	}
	repo, err := c.repository(ctx, s)
	if err != nil {
		return err
	}
	id, err := repo.Find(ctx, c.Snapshot)
	if err != nil {
		return err
	}
	m, err := repo.Manifest(ctx, id)
	if err != nil {
		return err
	}
	if c.DryRun {
		table := &table{empty: fmt.Sprintf("Snapshot %s of %s would be restored to %s: %s, %s.",
			id, m.Host, config.Data, plural(m.Counts["messages"], "message"), size(m.Size()))}
		return c.print(s.Out, map[string]any{"snapshot": id, "host": m.Host, "counts": m.Counts, "bytes": m.Size(), "dry_run": true}, table)
	}
	if err := becomeOwner(config.Data); err != nil {
		return err
	}
	bar := newProgress(s.Err, "restore", m.Size(), true)
	var held int64
	hold := func(ctx context.Context, db *database.DB) (err error) {
		held, err = queue.HoldAll(ctx, db)
		return err
	}
	restored, err := repo.Restore(ctx, id, config.Data, backup.RestoreOptions{Damaged: c.Damaged, Progress: bar.add, Settle: hold})
	bar.end()
	if err != nil {
		return err
	}
	if held > 0 {
		fmt.Fprintf(s.Err, "letterbox: %s in the queue are held, since their mail may have left after the snapshot: letterbox queue list, then retry or drop\n",
			plural(held, "recipient"))
	}
	return c.tellWhole(s, config.Data, id, restored)
}

func (c *snapshotRestore) tellWhole(s *shell, data string, id backup.ID, r backup.Restored) error {
	lost := []string{}
	for _, l := range r.Lost {
		lost = append(lost, l.String())
	}
	for _, p := range r.Affected {
		lost = append(lost, fmt.Sprintf("a message of account %d: %s, uid %d, %d bytes", p.Account, p.Mailbox, p.UID, p.Size))
	}
	table := &table{empty: fmt.Sprintf("Snapshot %s is restored to %s: %s. Start it: letterbox --data %s serve",
		id, data, plural(r.Counts["messages"], "message"), quote(data))}
	if r.Damaged {
		table.empty = fmt.Sprintf("Snapshot %s is restored to %s, with a damaged database. Mend it: letterbox --data %s rescue", id, data, quote(data))
	}
	if err := c.print(s.Out, map[string]any{"snapshot": id, "counts": r.Counts, "bytes": r.Bytes, "lost": lost}, table); err != nil {
		return err
	}
	if len(lost) == 0 {
		return nil
	}
	return fmt.Errorf("everything was restored but this, which is damaged at the target; an older snapshot may have it:\n  %s", strings.Join(lost, "\n  "))
}

// inside restores somebody's mail into the appliance.
func (c *snapshotRestore) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) (err error) {
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
	p, err := repo.Past(ctx, id, filepath.Join(d.Config.Data, backup.Work))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	wish, err := c.wish(ctx, d, p, id)
	if err != nil {
		return err
	}
	returned, err := p.GiveBack(ctx, d.Store, wish)
	return errors.Join(c.tell(stdio, returned), err)
}

func (c *snapshotRestore) wish(ctx context.Context, d *appliance.Data, p *backup.Past, id backup.ID) (w backup.Wish, err error) {
	if len(c.UID) > 0 && c.Folder == "" {
		return w, errors.New("name the folder of the messages")
	}
	was, err := p.Directory.User(ctx, c.Address)
	if err != nil {
		return w, fmt.Errorf("in snapshot %s: %w", id, err)
	}
	now, err := d.Directory.User(ctx, c.Address)
	if err != nil {
		return w, fmt.Errorf("%w; add the user first, then restore the mail", err)
	}
	w = backup.Wish{From: store.AccountID(was.ID), To: store.AccountID(now.ID), Folder: c.Folder, Dry: c.DryRun}
	if c.Beside {
		w.Beside = backup.BesideFolder(id)
	}
	for _, uid := range c.UID {
		w.UIDs.AddNum(imap.UID(uid))
	}
	return w, d.Store.EnsureAccount(ctx, w.To)
}

func (c *snapshotRestore) tell(stdio control.Stdio, returned []backup.Returned) error {
	type record struct {
		Folder   string   `json:"folder"`
		Made     bool     `json:"made"`
		Restored int64    `json:"restored"`
		Bytes    int64    `json:"bytes"`
		Present  int64    `json:"present"`
		Lost     []string `json:"lost"`
	}
	records, t := []record{}, &table{header: []string{"FOLDER", "RESTORED", "SIZE", "NOT MISSING", "REMARK"}, empty: "Nothing is missing."}
	if c.DryRun {
		t.header[1] = "WOULD RESTORE"
	}
	var lost []string
	for _, r := range returned {
		remark := ""
		if r.Made {
			remark = "the folder is made anew"
		}
		records = append(records, record{r.Folder, r.Made, r.Messages, r.Bytes, r.Present, append([]string{}, r.Lost...)})
		t.add(r.Folder, fmt.Sprint(r.Messages), size(r.Bytes), fmt.Sprint(r.Present), remark)
		lost = append(lost, r.Lost...)
	}
	if err := c.print(stdio.Out, records, t); err != nil || len(lost) == 0 {
		return err
	}
	return fmt.Errorf("these are damaged at the target; an older snapshot may have them:\n  %s", strings.Join(lost, "\n  "))
}
