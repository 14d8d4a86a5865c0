package admin

import (
	"net/http"

	"letterbox/store"
)

// A weighing is what makes an account heavy, looked at message by message.
type weighing struct {
	Lists []weightList
	Twice store.Weight // attachments that are there several times, but for one each
	Whose string       // "": the visitor's own
	Back  string
}

// A weightList is what took the most of a kind.
type weightList struct {
	Title string
	Rows  []store.Weight
}

// shownWeights is how long each list is.
const shownWeights = 10

// myWeights shows whose mail and which attachments fill the visitor's mailbox.
func (v *visit) myWeights() error {
	w, err := v.Store.Weigh(v.context(), v.account(), v.now.AddDate(0, 0, -outlookMonth))
	if err != nil {
		return err
	}
	is := v.weighing(w)
	is.Back = "/me/storage"
	is.Lists = append([]weightList{
		{v.Say("weights.recent", outlookMonth), w.Recent}, {v.Say("weights.senders"), w.Senders},
	}, is.Lists...)
	return v.show(http.StatusOK, weightsPage(v.page("me", v.Say("weights.title")), is))
}

// personWeights shows the same of somebody else, without who wrote to them and what
// attachments are called: that is theirs.
func (v *visit) personWeights() error {
	user, err := v.target()
	if err != nil {
		return err
	}
	w, err := v.Store.Weigh(v.context(), store.AccountID(user.ID), v.now.AddDate(0, 0, -outlookMonth))
	if err != nil {
		return err
	}
	is := v.weighing(w)
	is.Whose, is.Back = user.Address, personURL(user, "storage")
	return v.show(http.StatusOK, weightsPage(v.page("people", v.Say("weights.title")), is))
}

// weighing is what is told of everybody.
func (v *visit) weighing(w store.Weights) weighing {
	is := weighing{Lists: []weightList{{v.Say("weights.folders"), w.Folders}, {v.Say("weights.attachments"), w.Attachments}}}
	for _, d := range w.Duplicates {
		is.Twice.Messages, is.Twice.Bytes = is.Twice.Messages+d.Messages, is.Twice.Bytes+d.Bytes
	}
	return is
}
