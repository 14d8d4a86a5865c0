package admin

import (
	"errors"
	"net/http"
	"strconv"

	"letterbox/quota"
	"letterbox/store"
)

// A gone message was deleted for good, and is not.
type gone struct {
	store.RemovedMessage
	From, Subject string
}

// removed lists what can be brought back, the latest first.
func (v *visit) removed() error { return v.showRemoved(http.StatusOK, "") }

func (v *visit) showRemoved(status int, wrong string) error {
	before, _ := strconv.ParseInt(v.r.URL.Query().Get("before"), 10, 64) // of nothing, the first page
	list, err := v.Store.Removed(v.context(), v.account(), "", before, pageRows+1)
	if err != nil {
		return err
	}
	next := int64(0)
	if len(list) > pageRows {
		list = list[:pageRows]
		next = list[pageRows-1].ID
	}
	rows := make([]gone, len(list))
	for i, r := range list {
		rows[i] = gone{r, headerText(r.Header, "From"), headerText(r.Header, "Subject")}
	}
	return v.show(status, removedPage(v.page("me", v.Say("removed.title")), rows, next, wrong))
}

// bringBack takes those that were ticked, or all.
func (v *visit) bringBack() error {
	f, err := v.form()
	if err != nil {
		return err
	}
	ids := []int64{}
	for _, text := range f.values["id"] {
		if id, err := strconv.ParseInt(text, 10, 64); err == nil {
			ids = append(ids, id)
		}
	}
	switch {
	case f.Raw("which") == "all":
		ids = nil
	case len(ids) == 0:
		return v.showRemoved(http.StatusUnprocessableEntity, v.Say("removed.unticked"))
	}
	done, err := v.Store.Restore(v.context(), v.account(), ids)
	if over := new(quota.OverError); errors.As(err, &over) {
		return v.showRemoved(http.StatusUnprocessableEntity, v.Say("removed.full", done.Messages))
	}
	if err != nil {
		return err
	}
	return v.done("/me/removed", "removed.done", done.Messages)
}
