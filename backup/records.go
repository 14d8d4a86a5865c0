package backup

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
)

// A Record is what is known about a target, to be shown.
type Record struct {
	Target string

	Tried   time.Time
	Error   string // of the last attempt; "" when it went well
	Last    ID     // the last snapshot that was taken
	Written int64  // bytes, for that one
	Took    time.Duration
	Pruned  time.Time

	Proof Proof // the last of the newest snapshot
	Old   Proof // the last of an older one
	Full  Proof // the last of everything
}

// Proven is the newest snapshot that was restored, whole or in samples, and when.
func (r Record) Proven() (id ID, at time.Time) {
	for _, p := range []Proof{r.Proof, r.Old, r.Full} {
		if p.Error == "" && p.Snapshot > id {
			id, at = p.Snapshot, p.At
		}
	}
	return id, at
}

const recordsFile = "records.json"

// Records lists the targets that were ever used.
func (k *Keeper) Records() ([]Record, error) {
	k.recording.Lock()
	defer k.recording.Unlock()
	return k.readRecords()
}

func (k *Keeper) readRecords() (list []Record, err error) {
	text, err := os.ReadFile(k.work(recordsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &list)
	}
	return list, err
}

// record returns what is known about a target; nothing, when that cannot be read.
func (k *Keeper) record(target string) Record {
	list, err := k.Records()
	if err != nil {
		k.log.Warn("what is known about the snapshots cannot be read; it is begun anew", "error", err)
	}
	for _, r := range list {
		if r.Target == target {
			return r
		}
	}
	return Record{Target: target}
}

// note changes the record of a target.
func (k *Keeper) note(target string, change func(*Record)) {
	k.recording.Lock()
	defer k.recording.Unlock()
	list, _ := k.readRecords() // one that cannot be read is begun anew; record has said so
	i := slices.IndexFunc(list, func(r Record) bool { return r.Target == target })
	if i < 0 {
		i = len(list)
		list = append(list, Record{Target: target})
	}
	change(&list[i])
	slices.SortFunc(list, func(a, b Record) int { return strings.Compare(a.Target, b.Target) })
	text, err := json.MarshalIndent(list, "", "\t")
	if err == nil {
		err = os.MkdirAll(k.work(), 0o700)
	}
	if err == nil {
		err = writeFile(k.work(recordsFile), text)
	}
	if err != nil {
		k.log.Warn("what is known about the snapshots was not written down", "error", err)
	}
}
