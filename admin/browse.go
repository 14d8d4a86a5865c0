package admin

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/backup"
	"letterbox/directory"
	"letterbox/message"
	"letterbox/store"
)

// inPast calls fn with the snapshot that the address names.
func (v *visit) inPast(fn func(place int, id backup.ID, past *backup.Past) error) error {
	place, err := strconv.Atoi(v.r.PathValue("place"))
	if err != nil || place < 0 || place >= len(v.Machine.Plan.Targets) {
		return missing
	}
	id := backup.ID(v.r.PathValue("id"))
	open := func(ctx context.Context) (*backup.Past, error) {
		t, err := backup.OpenTarget(ctx, v.Machine.Plan.Targets[place], v.Machine.Plan.Access)
		if err != nil {
			return nil, err
		}
		context.AfterFunc(ctx, func() { t.Close() })
		repo, err := v.Snapshots.Repository(ctx, t)
		if err != nil {
			return nil, err
		}
		if _, err := repo.Find(ctx, string(id)); err != nil {
			return nil, err
		}
		return repo.Past(ctx, id, v.Machine.Scratch)
	}
	key := strconv.Itoa(place) + " " + string(id)
	err = v.shelf.use(key, open, func(past *backup.Past) error { return fn(place, id, past) })
	if errors.Is(err, backup.ErrNoSnapshot) || errors.Is(err, store.ErrNotFound) {
		return missing
	}
	return err
}

// A residentView is somebody in a snapshot.
type residentView struct {
	Address, Name string
	Messages      int64
	Bytes         int64
}

// browse lists who had mail then.
func (v *visit) browse() error {
	return v.inPast(func(place int, id backup.ID, past *backup.Past) error {
		users, err := past.Directory.Everybody(v.context())
		if err != nil {
			return err
		}
		var list []residentView
		for _, u := range users {
			usage, _, err := past.Store.Usage(v.context(), store.AccountID(u.ID))
			if err != nil {
				return err
			}
			list = append(list, residentView{u.Address, u.Name, usage.Messages, usage.Bytes})
		}
		p := v.page("snapshots", v.Moment(id.Time()))
		return v.show(http.StatusOK, browsePage(p, snapshotPath(place, id), list))
	})
}

// A folderView is one account in a snapshot, or one folder of it.
type folderView struct {
	Path    string // of the account
	Address string
	Folder  string // "": none chosen
	Folders []store.Mailbox
	Rows    []letterView
	More    bool // there are more than are shown
	Search  string
}

// A letterView is a row of a folder.
type letterView struct {
	Folder  string
	UID     uint32
	From    string
	Subject string
	Date    time.Time
	Bytes   int64
}

// mostLetters is how many messages of a folder are listed at once.
const mostLetters = 200

// browseAccount lists folders, and the messages of one or those that are looked
// for. That somebody looked is written down: it is somebody else's mail.
func (v *visit) browseAccount() error {
	return v.inPast(func(place int, id backup.ID, past *backup.Past) error {
		f, boxes, err := v.openFolder(place, id, past)
		if err != nil {
			return err
		}
		if f.Folder != "" || f.Search != "" {
			if err := v.findLetters(past, f, boxes); err != nil {
				return err
			}
		}
		return v.show(http.StatusOK, folderPage(v.page("snapshots", f.Address), f, v.Moment(id.Time()), snapshotPath(place, id)))
	})
}

// openFolder finds whose mail is looked at, and notes that it is.
func (v *visit) openFolder(place int, id backup.ID, past *backup.Past) (*folderView, []store.Mailbox, error) {
	user, err := past.Directory.User(v.context(), v.r.PathValue("address"))
	if err != nil {
		return nil, nil, err
	}
	query := v.r.URL.Query()
	f := &folderView{
		Path:    snapshotPath(place, id) + "/" + url.PathEscape(user.Address),
		Address: user.Address, Folder: query.Get("folder"), Search: strings.TrimSpace(query.Get("q")),
	}
	if f.Folders, _, err = past.Store.Mailboxes(v.context(), store.AccountID(user.ID)); err != nil {
		return nil, nil, err
	}
	boxes := f.Folders
	if f.Folder != "" {
		boxes = slices.DeleteFunc(slices.Clone(boxes), func(b store.Mailbox) bool { return b.Name != f.Folder })
		if len(boxes) == 0 {
			return nil, nil, missing
		}
	}
	return f, boxes, v.Directory.Record(v.context(), directory.Event{
		Action: "snapshot.read", Subject: user.Address, Detail: string(id), Remote: remoteOf(v.remote),
	})
}

func remoteOf(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

func (v *visit) findLetters(past *backup.Past, f *folderView, boxes []store.Mailbox) error {
	words := strings.Fields(f.Search)
	for _, box := range boxes {
		err := past.Search(v.context(), box.ID, words, false, func(row *store.Row) error {
			h := message.ParseHeader(row.Header)
			f.Rows = append(f.Rows, letterView{box.Name, uint32(row.UID), author(h), h.Subject, row.Received, row.Size})
			return nil
		})
		if err != nil {
			return err
		}
	}
	slices.SortStableFunc(f.Rows, func(a, b letterView) int { return b.Date.Compare(a.Date) })
	if f.More = len(f.Rows) > mostLetters; f.More {
		f.Rows = f.Rows[:mostLetters]
	}
	return nil
}

// author is who wrote a message.
func author(m *message.Message) string {
	if len(m.From) == 0 {
		return ""
	}
	if m.From[0].Name != "" {
		return m.From[0].Name
	}
	return m.From[0].Local + "@" + m.From[0].Domain
}

// An openLetter is a message as it is shown: plain text, whatever it was.
type openLetter struct {
	letterView
	To        string
	Text      string
	Shortened bool
}

// mostText is how much of a message's text is shown.
const mostText = 64 << 10

// readLetter shows a message. Nothing of it but text reaches the browser.
func (v *visit) readLetter() error {
	return v.inPast(func(place int, id backup.ID, past *backup.Past) error {
		f, boxes, err := v.openFolder(place, id, past)
		if err != nil {
			return err
		}
		uid, err := strconv.ParseUint(v.r.URL.Query().Get("uid"), 10, 32)
		if err != nil || f.Folder == "" {
			return missing
		}
		letter, err := v.openLetter(past, boxes[0], uint32(uid))
		if err != nil {
			return err
		}
		return v.show(http.StatusOK, letterPage(v.page("snapshots", subjectOf(v, letter)), f, letter))
	})
}

func subjectOf(v *visit, l *openLetter) string {
	if l.Subject == "" {
		return v.Say("browse.unnamed")
	}
	return l.Subject
}

func (v *visit) openLetter(past *backup.Past, box store.Mailbox, uid uint32) (letter *openLetter, err error) {
	err = past.Store.Rows(v.context(), box.ID, imap.UIDSetNum(imap.UID(uid)), store.WithBody, func(row *store.Row) error {
		body, err := past.Store.OpenRow(v.context(), row)
		if err != nil {
			return err
		}
		defer body.Close()
		var raw bytes.Buffer
		if _, err := body.WriteTo(&raw); err != nil {
			return err
		}
		m := message.Parse(raw.Bytes())
		var text bytes.Buffer
		if err := message.WriteText(&text, raw.Bytes(), &m.Root, true); err != nil {
			return err
		}
		letter = &openLetter{letterView: letterView{box.Name, uid, author(m), m.Subject, row.Received, row.Size}}
		letter.To = strings.Join(message.HeaderValues(raw.Bytes(), "To"), ", ")
		letter.Shortened = text.Len() > mostText
		letter.Text = strings.ToValidUTF8(string(text.Bytes()[:min(text.Len(), mostText)]), "")
		return nil
	})
	if err == nil && letter == nil {
		err = missing
	}
	return letter, err
}
