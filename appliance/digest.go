package appliance

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"letterbox/directory"
	"letterbox/finding"
	"letterbox/phrase"
	"letterbox/store"
)

// digestHour is when those who administer the appliance are told what changed, by
// the machine's clock.
const digestHour = 7

// digestNote is where the history has what they were told last.
const digestNote = "digest"

// A digest is what somebody was told last.
type digest struct {
	At    time.Time
	Found map[string]told // by the finding's id
}

// told is what a finding is called, by language: enough to say, when it is gone,
// what is mended.
type told map[string]string

// tellChanges writes to the admins once a day, if anything changed.
func (d *Data) tellChanges(ctx context.Context) error {
	tick := time.NewTicker(10 * time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		now := time.Now()
		if now.Hour() < digestHour {
			continue
		}
		if err := d.digest(ctx, now); err != nil && ctx.Err() == nil {
			d.Log.Error("the admins were not told what changed; it is tried again", "error", err)
		}
	}
}

// digest compares what is wrong now with what was when it was told last, and
// tells the difference. It does so once a day at most.
func (d *Data) digest(ctx context.Context, now time.Time) error {
	var last digest
	note, err := d.History.Note(ctx, digestNote)
	if err != nil {
		return err
	}
	if note != "" {
		if err := json.Unmarshal([]byte(note), &last); err != nil {
			return fmt.Errorf("what was told last cannot be read: %w", err)
		}
	}
	if now.Sub(last.At) < 20*time.Hour {
		return nil
	}
	found, _, err := d.Watch.Findings(ctx)
	if err != nil {
		return err
	}
	next := digest{now, map[string]told{}}
	var appeared []finding.Finding
	for _, f := range found {
		next.Found[f.ID()] = titles(f)
		if _, known := last.Found[f.ID()]; !known {
			appeared = append(appeared, f)
		}
	}
	var mended []told
	for id, before := range last.Found {
		if _, still := next.Found[id]; !still {
			mended = append(mended, before)
		}
	}
	if len(appeared)+len(mended) > 0 {
		if err := d.writeDigest(ctx, appeared, mended, now); err != nil {
			return err
		}
	}
	text, err := json.Marshal(next)
	if err != nil {
		return err
	}
	return d.History.SetNote(ctx, digestNote, string(text))
}

func titles(f finding.Finding) told {
	t := told{}
	for _, l := range phrase.Known() {
		t[l.Tag()] = f.In(l).Title
	}
	return t
}

// writeDigest puts the message into every admin's INBOX.
func (d *Data) writeDigest(ctx context.Context, appeared []finding.Finding, mended []told, now time.Time) error {
	users, err := d.Directory.Users(ctx)
	if err != nil {
		return err
	}
	ahead, err := d.expectations(ctx, users, now)
	if err != nil {
		return err
	}
	for _, u := range users {
		if u.Role != "admin" || u.Disabled {
			continue
		}
		n := d.digestNotice(phrase.In(u.Language), appeared, mended, ahead)
		if err := d.putNotice(ctx, &u, n, now); err != nil {
			return err
		}
	}
	return nil
}

func (d *Data) digestNotice(l *phrase.Language, appeared []finding.Finding, mended []told, ahead []expectation) notice {
	n := notice{
		subject:    l.Say("digest.subject", d.Config.Hostname),
		paragraphs: []string{l.Say("digest.intro", d.Config.Hostname)},
	}
	for _, f := range appeared {
		t := f.In(l)
		n.paragraphs = append(n.paragraphs, l.Say("digest.new")+" "+t.Title+". "+t.Do)
	}
	var gone []string
	for _, title := range mended {
		gone = append(gone, l.Say("digest.gone")+" "+title[l.Tag()]+".")
	}
	slices.Sort(gone)
	n.paragraphs = append(n.paragraphs, gone...)
	for _, e := range ahead {
		n.paragraphs = append(n.paragraphs, e.in(l))
	}
	n.paragraphs = append(n.paragraphs, l.Say("digest.more", d.Config.Link("/overview")))
	return n
}

// putNotice puts a message into somebody's INBOX.
func (d *Data) putNotice(ctx context.Context, u *directory.User, n notice, now time.Time) error {
	inbox, err := d.Store.Mailbox(ctx, store.AccountID(u.ID), "INBOX")
	if err != nil {
		return err
	}
	_, err = d.Store.Append(ctx, store.Batch{
		Messages: []store.NewMessage{{Mailbox: inbox.ID, Raw: n.compose(d.Config.Hostname, u, now), Received: now}},
	})
	return err
}
