package junk

import (
	"context"
	"fmt"
	"sync"
	"time"

	"letterbox/store"
)

// everybody is the account under which stands what all accounts have taught.
const everybody = store.AccountID(0)

// Limits on what is kept in memory and in the database.
const (
	maxFeaturesInMemory = 600_000 // of all accounts together, some 28 bytes each
	maxLessons          = 2000    // of an account and class; the oldest go first
	maxShared           = 3000    // lessons of all accounts that all learn from; the latest
)

// An account is what was learned by one.
type account struct {
	mu       sync.RWMutex
	model    *Model // nil before it is needed
	sketches []sketch
	teacher  store.AccountID // of what all have taught: the only one so far; 0: there are several, or none

	used time.Time // guarded by the lock of accounts
}

// accounts are those that mail has come for lately.
type accounts struct {
	mu   sync.Mutex
	list map[store.AccountID]*account
}

// get returns an account, which may have to be loaded, and lets go of those that
// were not needed for the longest time when there are too many.
func (a *accounts) get(id store.AccountID, now time.Time) *account {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.list == nil {
		a.list = map[store.AccountID]*account{}
	}
	found := a.list[id]
	if found == nil {
		found = &account{}
		a.list[id] = found
	}
	found.used = now
	a.trim(id)
	return found
}

// trim keeps to the limit; a.mu is held. An account that is being loaded has no
// size yet.
func (a *accounts) trim(keep store.AccountID) {
	total := 0
	for _, one := range a.list {
		total += one.size()
	}
	for total > maxFeaturesInMemory {
		oldest := keep
		for id, one := range a.list {
			if id != keep && one.size() > 0 && (oldest == keep || one.used.Before(a.list[oldest].used)) {
				oldest = id
			}
		}
		if oldest == keep {
			return
		}
		total -= a.list[oldest].size()
		delete(a.list, oldest)
	}
}

// size is how many features are in memory; 0 while that is unknown.
func (one *account) size() int {
	if !one.mu.TryRLock() {
		return 0
	}
	defer one.mu.RUnlock()
	if one.model == nil {
		return 0
	}
	return one.model.Size()
}

// forget lets go of an account.
func (a *accounts) forget(id store.AccountID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.list, id)
}

// learned returns what an account has learned, loaded, for reading: its lock is
// held until release is called.
func (f *Filter) learned(ctx context.Context, id store.AccountID) (one *account, release func(), err error) {
	one = f.accounts.get(id, f.now())
	one.mu.RLock()
	if one.model != nil {
		return one, one.mu.RUnlock, nil
	}
	one.mu.RUnlock()
	if err := f.load(ctx, id, one); err != nil {
		return nil, nil, err
	}
	one.mu.RLock()
	return one, one.mu.RUnlock, nil
}

// load makes an account's model of its lessons.
func (f *Filter) load(ctx context.Context, id store.AccountID, one *account) error {
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.model != nil {
		return nil
	}
	kept, err := f.lessons(ctx, id)
	if err != nil {
		return fmt.Errorf("load what account %d has learned about junk: %w", id, err)
	}
	if one.teacher = onlyTeacher(kept); id == everybody && one.teacher != everybody {
		kept = nil // that account knows it all by itself
	}
	lessons := make([]Lesson, len(kept))
	one.sketches = nil
	for i, k := range kept {
		lessons[i] = k.Lesson
		one.sketches = append(one.sketches, sketch{k.id, k.Class, newSketch(k.Numbers)})
	}
	one.model = Learn(lessons)
	return nil
}

// onlyTeacher is the account whose all lessons are; 0 when there are several.
func onlyTeacher(kept []keptLesson) store.AccountID {
	if len(kept) == 0 {
		return everybody
	}
	for _, k := range kept {
		if k.account != kept[0].account {
			return everybody
		}
	}
	return kept[0].account
}

// addShared teaches everybody a lesson of one account. While only one has taught
// anything, nothing of it is shared; with the first lesson of a second one all is
// made anew.
func (one *account) addShared(k keptLesson) {
	one.mu.Lock()
	alone := one.model != nil && (one.teacher == k.account || one.model.knowsNothing())
	if alone && one.teacher != k.account {
		one.model = nil
	}
	one.mu.Unlock()
	if !alone {
		one.add(k)
	}
}

// add teaches a lesson that was kept.
func (one *account) add(k keptLesson) {
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.model != nil {
		one.model.Add(k.Lesson)
		one.sketches = append(one.sketches, sketch{k.id, k.Class, newSketch(k.Numbers)})
	}
}

// take unteaches a lesson that is no longer kept.
func (one *account) take(k keptLesson) {
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.model == nil {
		return
	}
	for i, s := range one.sketches {
		if s.lesson == k.id {
			one.model.Unteach(k.Class, k.Numbers)
			one.sketches = append(one.sketches[:i], one.sketches[i+1:]...)
			return
		}
	}
}
