package admin

import (
	"errors"
	"net/http"
	"slices"
	"strconv"

	"letterbox/directory"
	"letterbox/quota"
	"letterbox/store"
)

// A personStorage is what somebody keeps, for those who look after people: by
// folders, not by what is in them.
type personStorage struct {
	*directory.User
	Full      fullness
	Outlook   outlook
	Grown     int64 // in a month
	Known     bool  // that is
	Folders   []store.Retention
	MayChange bool
}

func (v *visit) personStorage() error {
	user, err := v.target()
	if err != nil {
		return err
	}
	return v.showPersonStorage(http.StatusOK, user, blank(nil))
}

func (v *visit) showPersonStorage(status int, user *directory.User, f *form) error {
	ctx, account := v.context(), store.AccountID(user.ID)
	if err := v.Store.EnsureAccount(ctx, account); err != nil {
		return err
	}
	is := personStorage{User: user, MayChange: mayChange(v.user, user)}
	usage, limit, err := v.Store.Usage(ctx, account)
	if err != nil {
		return err
	}
	is.Full = fullness{usage, limit}
	if is.Outlook, err = v.outlook(account, 0); err != nil {
		return err
	}
	grown, err := v.Store.Growth(ctx, v.now, outlookMonth)
	if err != nil {
		return err
	}
	is.Grown, is.Known = grown[account]
	if is.Folders, err = v.foldersOf(account); err != nil {
		return err
	}
	return v.show(status, personStoragePage(v.page("people", v.Say("storage.title")), is, f))
}

// limitFolder sets how much a folder may hold; an empty field lifts a limit.
func (v *visit) limitFolder() error {
	user, err := v.target()
	if err != nil {
		return err
	}
	f, err := v.form()
	if err != nil {
		return err
	}
	var l quota.Limit
	ok := true
	if l.Bytes, ok = parseGigabytes(f.Text("size")); !ok {
		f.Reject("size", v.Say("person.quota.wrong"))
	}
	l.Bytes = max(l.Bytes, 0) // "0" is any, as nothing is
	if text := f.Text("most"); text != "" {
		if l.Messages, err = strconv.ParseInt(text, 10, 64); err != nil || l.Messages < 0 {
			f.Reject("most", v.Say("folders.limit.wrong"))
		}
	}
	box, err := v.folderOf(user, f.Text("folder"))
	if err != nil {
		return err
	}
	if f.Good() {
		err := v.Store.SetMailboxLimit(v.context(), store.AccountID(user.ID), box.Name, l)
		if errors.Is(err, store.ErrUnlimited) {
			f.Reject("folder", v.Say("folders.limit.never"))
		} else if err != nil {
			return err
		}
	}
	if !f.Good() {
		return v.showPersonStorage(http.StatusUnprocessableEntity, user, f)
	}
	e := directory.Event{Action: "mailbox.quota", Subject: user.Address, Detail: box.Name + ": " + l.String()}
	if err := v.Directory.Record(v.context(), e); err != nil {
		return err
	}
	return v.done(personURL(user, "storage"), "done.saved")
}

// folderOf finds a folder of somebody's by its id.
func (v *visit) folderOf(user *directory.User, id string) (*store.Mailbox, error) {
	all, _, err := v.Store.Mailboxes(v.context(), store.AccountID(user.ID))
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(m store.Mailbox) bool { return strconv.FormatInt(int64(m.ID), 10) == id })
	if i < 0 {
		return nil, missing
	}
	return &all[i], nil
}
