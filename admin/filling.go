package admin

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"letterbox/message"
	"letterbox/store"
)

const (
	largestShown = 20
	staleAfter   = 30 * 24 * time.Hour // what lies in Junk or Trash for longer is worth a word
)

// A filling is what takes somebody's quota.
type filling struct {
	Full    fullness
	Folders []store.Mailbox // the largest first
	Largest []largeMessage
	Stale   []store.Stale
}

// A largeMessage is one as a person knows it.
type largeMessage struct {
	store.LargeMessage
	From, Subject string
}

// filling shows what the visitor's mailbox is full of.
func (v *visit) filling() error {
	full, err := v.fullness()
	if err != nil {
		return err
	}
	is := filling{Full: full}
	if is.Folders, err = v.folders(); err != nil {
		return err
	}
	largest, err := v.Store.Largest(v.context(), v.account(), largestShown)
	if err != nil {
		return err
	}
	for _, l := range largest {
		is.Largest = append(is.Largest, largeMessage{l, headerText(l.Header, "From"), headerText(l.Header, "Subject")})
	}
	if is.Stale, err = v.Store.Stale(v.context(), v.account(), v.now.Add(-staleAfter)); err != nil {
		return err
	}
	return v.show(http.StatusOK, fillingPage(v.page("me", v.Say("filling.title")), is))
}

// folders are the visitor's, the largest first.
func (v *visit) folders() ([]store.Mailbox, error) {
	all, _, err := v.Store.Mailboxes(v.context(), v.account())
	slices.SortStableFunc(all, func(a, b store.Mailbox) int { return cmp.Compare(b.Bytes, a.Bytes) })
	return all, err
}

func (v *visit) account() store.AccountID { return store.AccountID(v.user.ID) }

// fullness is the visitor's.
func (v *visit) fullness() (fullness, error) {
	if err := v.Store.EnsureAccount(v.context(), v.account()); err != nil {
		return fullness{}, err
	}
	usage, limit, err := v.Store.Usage(v.context(), v.account())
	return fullness{usage, limit}, err
}

// headerText is a header field as people read it, in one line.
func headerText(header []byte, name string) string {
	text, _ := message.AppendHeaderText(nil, header, name)
	return strings.Join(strings.Fields(strings.ToValidUTF8(string(text), "\ufffd")), " ")
}
