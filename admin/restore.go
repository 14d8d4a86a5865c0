package admin

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/emersion/go-imap/v2"
	"letterbox/backup"
	"letterbox/directory"
	"letterbox/store"
)

// A restoreView is what would come back, and from where.
type restoreView struct {
	*folderView
	UID      uint32
	Beside   bool
	Returned []backup.Returned
}

// Messages is how many would come back.
func (r *restoreView) Messages() (n int64) {
	for _, one := range r.Returned {
		n += one.Messages
	}
	return n
}

// Bytes is how much that is.
func (r *restoreView) Bytes() (n int64) {
	for _, one := range r.Returned {
		n += one.Bytes
	}
	return n
}

// Present is how many are not missing.
func (r *restoreView) Present() (n int64) {
	for _, one := range r.Returned {
		n += one.Present
	}
	return n
}

// Lost is how many are missing and cannot be read in the snapshot either.
func (r *restoreView) Lost() (n int) {
	for _, one := range r.Returned {
		n += len(one.Lost)
	}
	return n
}

// Changes are the folders of which something is missing.
func (r *restoreView) Changes() (list []backup.Returned) {
	for _, one := range r.Returned {
		if one.Messages > 0 || one.Made || len(one.Lost) > 0 {
			list = append(list, one)
		}
	}
	return list
}

// lead says in a sentence what would come of it.
func (r *restoreView) lead(p *page) string {
	switch {
	case r.Messages() > 0 && r.Beside:
		return p.Say("restore.copy", r.Messages(), p.Size(r.Bytes()))
	case r.Messages() > 0:
		return p.Say("restore.lead", r.Messages(), p.Size(r.Bytes()))
	case r.Lost() > 0:
		return p.Say("restore.unreadable", r.Lost())
	case len(r.Changes()) > 0:
		return p.Say("restore.empty")
	case r.Present() > 0:
		return p.Say("restore.nothing", r.Present())
	}
	return p.Say("restore.none")
}

// tryRestore says what would come back, and changes nothing.
func (v *visit) tryRestore() error {
	return v.inPast(func(place int, id backup.ID, past *backup.Past) error {
		r, err := v.restore(place, id, past, true)
		if err != nil {
			return err
		}
		return v.show(http.StatusOK, restorePage(v.page("snapshots", v.Say("restore.title", r.Address)), r))
	})
}

// doRestore brings it back. What is there today stays as it is.
func (v *visit) doRestore() error {
	return v.inPast(func(place int, id backup.ID, past *backup.Past) error {
		r, err := v.restore(place, id, past, false)
		if err != nil {
			return err
		}
		event := directory.Event{Action: "snapshot.restore", Subject: r.Address, Detail: string(id) + " " + r.Folder, Remote: remoteOf(v.remote)}
		if err := v.Directory.Record(v.context(), event); err != nil {
			return err
		}
		return v.done(r.Path, "restore.done", r.Messages(), r.Address)
	})
}

func (v *visit) restore(place int, id backup.ID, past *backup.Past, dry bool) (*restoreView, error) {
	f, _, err := v.openFolder(place, id, past)
	if err != nil {
		return nil, err
	}
	query := v.r.URL.Query()
	uid, _ := strconv.ParseUint(query.Get("uid"), 10, 32) // none for what is no number
	r := &restoreView{folderView: f, UID: uint32(uid), Beside: query.Get("beside") != ""}
	was, err := past.Directory.User(v.context(), f.Address)
	if err != nil {
		return nil, err
	}
	now, err := v.Directory.User(v.context(), f.Address)
	if errors.Is(err, directory.ErrNoSuchUser) {
		return nil, &refusal{http.StatusConflict, "refused.gone"}
	}
	if err != nil {
		return nil, err
	}
	wish := backup.Wish{From: store.AccountID(was.ID), To: store.AccountID(now.ID), Folder: f.Folder, Dry: dry}
	if r.Beside {
		wish.Beside = backup.BesideFolder(id)
	}
	if uid != 0 && f.Folder != "" {
		wish.UIDs = imap.UIDSetNum(imap.UID(uid))
	}
	if err := v.Store.EnsureAccount(v.context(), wish.To); err != nil {
		return nil, err
	}
	r.Returned, err = past.GiveBack(v.context(), v.Store, wish)
	return r, err
}
