package admin

import (
	"net/http"
	"strconv"

	"github.com/emersion/go-imap/v2"
	"letterbox/directory"
	"letterbox/store"
)

// Words of the choice how long messages stay in a folder, beside a number of days.
const keepDefault = "default"

// retentionChoices are offered, in days.
var retentionChoices = []int{7, 30, 90, 180, 365, 2 * 365, 5 * 365, 10 * 365}

// A stayView is one folder of the visitor's, and how long messages stay in it.
type stayView struct {
	Rule   store.Retention
	Chosen string           // what is looked at: "default", "never", or days
	Trial  *store.Retention // what it would do; nil: it is what holds
	Back   int              // for how many days what went can be brought back
	Common int              // days that hold where the owner says nothing; 0: for ever
}

// ownFolder finds the one that the address names, with its rule.
func (v *visit) ownFolder() (store.Retention, error) {
	id, err := strconv.ParseInt(v.r.PathValue("folder"), 10, 64)
	if err != nil {
		return store.Retention{}, missing
	}
	all, err := v.Store.Retentions(v.context(), v.account(), v.Machine.Retention, v.now)
	for _, r := range all {
		if r.Mailbox.ID == store.MailboxID(id) {
			return r, nil
		}
	}
	if err == nil {
		err = missing
	}
	return store.Retention{}, err
}

// folder shows how long messages stay in a folder, and what another rule would do.
func (v *visit) folder() error {
	rule, err := v.ownFolder()
	if err != nil {
		return err
	}
	is := stayView{Rule: rule, Back: v.Machine.UndeleteDays, Common: v.Machine.Retention[rule.Mailbox.SpecialUse]}
	is.Chosen = chosen(rule)
	if wish := v.r.URL.Query().Get("days"); wish != "" && wish != is.Chosen {
		days, ok := v.daysOf(wish, &rule.Mailbox)
		if !ok {
			return missing
		}
		trial, err := v.Store.TryRetention(v.context(), rule.Mailbox, days, v.now)
		if err != nil {
			return err
		}
		is.Chosen, is.Trial = wish, &trial
	}
	return v.show(http.StatusOK, stayPage(v.page("me", folderName(v.page("me", ""), rule.Mailbox.Name)), is))
}

// chosen is the choice that holds.
func chosen(r store.Retention) string {
	switch {
	case !r.Own:
		return keepDefault
	case r.Days == 0:
		return store.KeepForever
	}
	return strconv.Itoa(r.Days)
}

// daysOf is how long messages stay by a choice; 0 is for ever.
func (v *visit) daysOf(wish string, m *store.Mailbox) (days int, ok bool) {
	switch wish {
	case keepDefault:
		return v.Machine.Retention[m.SpecialUse], true
	case store.KeepForever:
		return 0, true
	}
	days, err := strconv.Atoi(wish)
	return days, err == nil && days > 0 && days <= store.MaxRetention
}

// setRetention keeps a rule. What it does was said before.
func (v *visit) setRetention() error {
	rule, err := v.ownFolder()
	if err != nil {
		return err
	}
	wish := v.r.PostFormValue("days")
	if _, ok := v.daysOf(wish, &rule.Mailbox); !ok {
		return missing
	}
	entry := store.Annotation{Name: store.RetentionEntry, Value: []byte(wish)}
	if wish == keepDefault {
		entry.Value = nil
	}
	if err := v.Store.SetMetadata(v.context(), rule.Mailbox.ID, v.account(), []store.Annotation{entry}); err != nil {
		return err
	}
	e := directory.Event{Action: "mailbox.retention", Subject: v.user.Address, Detail: rule.Mailbox.Name + ": " + wish}
	if err := v.Directory.Record(v.context(), e); err != nil {
		return err
	}
	return v.done(folderURL(&rule.Mailbox), "done.saved")
}

// emptyPage asks before Junk or Trash is emptied.
func (v *visit) emptyPage() error {
	rule, err := v.emptied()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, emptyPage(v.page("me", v.Say("emptying.title", rule.Mailbox.Name)), &rule.Mailbox, v.Machine.UndeleteDays))
}

// empty removes what was there when it was asked; what came since stays.
func (v *visit) empty() error {
	rule, err := v.emptied()
	if err != nil {
		return err
	}
	next, err := strconv.ParseUint(v.r.PostFormValue("next"), 10, 32)
	if err != nil {
		return missing
	}
	n, err := v.Store.Empty(v.context(), rule.Mailbox.ID, imap.UID(next))
	if err != nil {
		return err
	}
	return v.done("/me/storage", "emptying.done", n)
}

// emptied is ownFolder for those that may be emptied here.
func (v *visit) emptied() (store.Retention, error) {
	rule, err := v.ownFolder()
	if err == nil && !isEmptied(&rule.Mailbox) {
		err = missing
	}
	return rule, err
}
