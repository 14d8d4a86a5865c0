package admin

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/junk"
	"letterbox/message"
	"letterbox/quota"
	"letterbox/store"
)

// judgedShown is how many messages are listed.
const judgedShown = 20

// An ownJunk is what the visitor's mail is judged by, and how it was.
type ownJunk struct {
	Folder  store.Mailbox // that is shown: Junk or the inbox
	Inbox   bool
	Days    int // messages stay in it; 0: for ever
	Letters []judgedLetter
	Rules   []junk.Rule
	Common  []junk.Rule // that somebody made for everybody
	Taught  junk.Status
}

// A judgedLetter is a message of the visitor's, with what was said of it when it came.
type judgedLetter struct {
	UID           imap.UID
	Message       store.MessageID
	From, Subject string
	Sender        string // the one address of From; "" when there is none
	Received      time.Time
	Judged        bool
	junk.Judgement
}

// path is where it is explained.
func (l judgedLetter) path(m *store.Mailbox) string {
	return fmt.Sprintf("/me/junk/%d/%d", m.ID, l.UID)
}

func (v *visit) ownJunk() error { return v.showOwnJunk(http.StatusOK, blank(nil)) }

func (v *visit) showOwnJunk(status int, f *form) error {
	is := ownJunk{Inbox: v.r.URL.Query().Get("in") == "inbox"}
	folder, err := v.judgedFolder(is.Inbox)
	if err != nil {
		return err
	}
	is.Folder, is.Days = folder.Mailbox, folder.Days
	if is.Letters, err = v.latest(is.Folder.ID); err != nil {
		return err
	}
	if is.Rules, err = v.Junk.Rules(v.context(), v.account()); err != nil {
		return err
	}
	if is.Common, err = v.Junk.Rules(v.context(), forEverybody); err != nil {
		return err
	}
	if is.Taught, err = v.Junk.Status(v.context(), v.account()); err != nil {
		return err
	}
	return v.show(status, ownJunkPage(v.page("me", v.Say("junk.title")), f, is))
}

// judgedFolder is the visitor's folder for junk, or the inbox.
func (v *visit) judgedFolder(inbox bool) (store.Retention, error) {
	if err := v.Store.EnsureAccount(v.context(), v.account()); err != nil {
		return store.Retention{}, err
	}
	all, err := v.Store.Retentions(v.context(), v.account(), v.Machine.Retention, v.now)
	if err != nil {
		return store.Retention{}, err
	}
	i := slices.IndexFunc(all, func(r store.Retention) bool {
		return inbox && r.Mailbox.Name == "INBOX" || !inbox && r.Mailbox.SpecialUse == imap.MailboxAttrJunk
	})
	if i < 0 {
		return store.Retention{}, missing
	}
	return all[i], nil
}

// latest are the messages that came last into a folder, the last one first.
func (v *visit) latest(m store.MailboxID) ([]judgedLetter, error) {
	view, err := v.Store.View(v.context(), m)
	if err != nil {
		return nil, err
	}
	uids := view.Snapshot().UIDs
	view.Close()
	letters, err := v.judged(m, imap.UIDSetNum(uids[max(0, len(uids)-judgedShown):]...))
	slices.Reverse(letters)
	return letters, err
}

// judged reads messages of a folder, and what was said of them.
func (v *visit) judged(m store.MailboxID, uids imap.UIDSet) (list []judgedLetter, err error) {
	err = v.Store.Rows(v.context(), m, uids, store.WithHeader, func(row *store.Row) error {
		l := judgedLetter{
			UID: row.UID, Message: row.Message, Received: row.Received,
			From: headerText(row.Header, "From"), Subject: headerText(row.Header, "Subject"),
		}
		if from := message.ParseHeader(row.Header).From; len(from) == 1 {
			l.Sender = strings.ToLower(from[0].Local + "@" + from[0].Domain)
			if _, err := junk.ParsePattern(l.Sender); err != nil {
				l.Sender = ""
			}
		}
		l.Judgement, l.Judged = junk.Told(row.Prefix)
		list = append(list, l)
		return nil
	})
	return list, err
}

// loudest is the reason that counted most; "" for none.
func loudest(j junk.Judgement) string {
	if j.Decided != "" || len(j.Reasons) == 0 {
		return j.Decided
	}
	return slices.MaxFunc(j.Reasons, func(a, b junk.Reason) int {
		return cmp.Compare(a.Points*a.Points, b.Points*b.Points)
	}).Name
}

// setOwnRule makes an exception for the visitor's mail, or takes one back.
func (v *visit) setOwnRule() error {
	f, err := v.form()
	if err != nil {
		return err
	}
	return v.setRule(f, v.account(), "/me/junk", v.showOwnJunk)
}

// An explainedLetter is a message, and why it is where it is.
type explainedLetter struct {
	judgedLetter
	Folder store.Mailbox
	Now    junk.Judgement // if it came now
}

// InJunk reports whether the message lies in Junk now.
func (l explainedLetter) InJunk() bool { return l.Folder.SpecialUse == imap.MailboxAttrJunk }

// ownLetter is the message of the visitor's that the address names.
func (v *visit) ownLetter() (is explainedLetter, err error) {
	folder, err := v.ownFolder()
	if err != nil {
		return is, err
	}
	uid, err := strconv.ParseUint(v.r.PathValue("uid"), 10, 32)
	if err != nil || uid == 0 {
		return is, missing
	}
	list, err := v.judged(folder.Mailbox.ID, imap.UIDSetNum(imap.UID(uid)))
	if err == nil && len(list) == 0 {
		err = missing
	}
	if err != nil {
		return is, err
	}
	return explainedLetter{judgedLetter: list[0], Folder: folder.Mailbox}, nil
}

// explain says why a message is in Junk, or is not.
func (v *visit) explain() error {
	is, err := v.ownLetter()
	if err != nil {
		return err
	}
	return v.showLetter(http.StatusOK, is, "")
}

func (v *visit) showLetter(status int, is explainedLetter, wrong string) (err error) {
	if is.Now, err = v.Junk.Again(v.context(), v.account(), is.Message); err != nil {
		return err
	}
	title := is.Subject
	if title == "" {
		title = v.Say("filling.untitled")
	}
	return v.show(status, explainPage(v.page("me", title), is, wrong))
}

// putRight moves a message into Junk, or out of it to the inbox: that is how
// everybody teaches.
func (v *visit) putRight() error {
	is, err := v.ownLetter()
	if err != nil {
		return err
	}
	to, err := v.judgedFolder(is.InJunk())
	if err != nil {
		return err
	}
	_, err = v.Store.Move(v.context(), is.Folder.ID, imap.UIDSetNum(is.UID), to.Mailbox.ID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return missing
	case errors.As(err, new(*quota.OverError)):
		return v.showLetter(http.StatusUnprocessableEntity, is, v.Say("junk.right.full"))
	case err != nil:
		return err
	case is.InJunk():
		return v.done("/me/junk", "junk.right.wanted")
	}
	return v.done("/me/junk?in=inbox", "junk.right.junk")
}
