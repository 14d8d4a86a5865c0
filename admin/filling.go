package admin

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/emersion/go-imap/v2"
	"letterbox/message"
	"letterbox/store"
)

const largestShown = 20

// A filling is what takes somebody's quota, when it is used up, and what goes by
// itself.
type filling struct {
	Full    fullness
	Outlook outlook
	Folders []store.Retention // the largest first
	Largest []largeMessage
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
	if is.Outlook, err = v.outlook(v.account(), 0); err != nil {
		return err
	}
	if is.Folders, err = v.foldersOf(v.account()); err != nil {
		return err
	}
	largest, err := v.Store.Largest(v.context(), v.account(), largestShown)
	if err != nil {
		return err
	}
	for _, l := range largest {
		is.Largest = append(is.Largest, largeMessage{l, headerText(l.Header, "From"), headerText(l.Header, "Subject")})
	}
	return v.show(http.StatusOK, fillingPage(v.page("me", v.Say("filling.title")), is))
}

// foldersOf are an account's with their rules, the largest first.
func (v *visit) foldersOf(a store.AccountID) ([]store.Retention, error) {
	all, err := v.Store.Retentions(v.context(), a, v.Machine.Retention, v.now)
	slices.SortStableFunc(all, func(a, b store.Retention) int { return cmp.Compare(b.Mailbox.Bytes, a.Mailbox.Bytes) })
	return all, err
}

// folderURL is the page of one of the visitor's folders, and what is beneath it.
func folderURL(m *store.Mailbox, beneath ...string) string {
	return strings.Join(append([]string{"/me/storage", strconv.FormatInt(int64(m.ID), 10)}, beneath...), "/")
}

// isEmptied reports whether a folder is one whose content nobody wants: it can be
// emptied by one button.
func isEmptied(m *store.Mailbox) bool {
	return m.SpecialUse == imap.MailboxAttrJunk || m.SpecialUse == imap.MailboxAttrTrash
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
