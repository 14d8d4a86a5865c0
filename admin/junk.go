package admin

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
	"letterbox/directory"
	"letterbox/history"
	"letterbox/junk"
	"letterbox/store"
	"letterbox/watch"
)

// forEverybody is the account whose exceptions count for all.
const forEverybody = store.AccountID(0)

// A junkView is how mail is judged here, and how well.
type junkView struct {
	Month    *junkMonth // nil: nobody counts
	Peers    []junk.PeerState
	Greylist junk.GreylistState
	Rules    []junk.Rule
	People   []junkPerson
	Wanted   int // lessons of all together
	Junk     int
	Settings []Setting
	Charts   []chartView
}

// A junkMonth is what became of a month's mail.
type junkMonth struct{ In, Junk, Wronged, Missed int64 }

// A junkPerson is what somebody has taught, and what lies in their Junk.
type junkPerson struct {
	User         directory.User
	Wanted, Junk int
	Filed        int64
}

// junkPage shows how mail is judged.
func (v *visit) junkPage() error { return v.showJunk(http.StatusOK, blank(nil)) }

func (v *visit) showJunk(status int, f *form) error {
	l := v.listing("address", "-filed", "-junk", "-wanted")
	view := &junkView{Peers: v.Junk.PeerStates(), Greylist: v.Junk.GreylistState()}
	for _, fill := range []func(*listing, *junkView) error{v.junkMonth, v.junkPeople, v.junkSettings} {
		if err := fill(l, view); err != nil {
			return err
		}
	}
	var err error
	if view.Rules, err = v.Junk.Rules(v.context(), forEverybody); err != nil {
		return err
	}
	return v.show(status, junkOverview(v.page("mail", v.Say("junk.title")), l, f, view))
}

// junkMonth adds up what was counted in the last thirty days, and draws it.
func (v *visit) junkMonth(_ *listing, view *junkView) error {
	if v.Watch == nil {
		return nil
	}
	month, span := &junkMonth{}, history.SpanNamed("month")
	for series, sum := range map[string]*int64{
		watch.In: &month.In, watch.Junk: &month.Junk, watch.Wronged: &month.Wronged, watch.Missed: &month.Missed,
	} {
		points, err := v.Watch.History.Counts(v.context(), series, span.Counted())
		if err != nil {
			return err
		}
		for _, p := range points {
			*sum += p.Value
		}
	}
	view.Month = month
	chart, err := v.countChart("chart.junked", span, line{watch.Junk, "chart.intojunk", 2})
	view.Charts = []chartView{chart}
	return err
}

// junkPeople is what everybody has taught.
func (v *visit) junkPeople(l *listing, view *junkView) error {
	users, err := v.Directory.Everybody(v.context())
	if err != nil {
		return err
	}
	taught, err := v.Junk.Taught(v.context())
	if err != nil {
		return err
	}
	filed, err := v.Store.Filed(v.context(), imap.MailboxAttrJunk)
	if err != nil {
		return err
	}
	var rows []junkPerson
	for _, u := range users {
		id := store.AccountID(u.ID)
		row := junkPerson{u, taught[id][junk.Wanted], taught[id][junk.Junk], filed[id]}
		view.Wanted, view.Junk = view.Wanted+row.Wanted, view.Junk+row.Junk
		if l.Matches(u.Address, u.Name) {
			rows = append(rows, row)
		}
	}
	slices.SortStableFunc(rows, func(a, b junkPerson) int { return l.order(a.compare(b, l.Sort)) })
	view.People = cut(l, rows)
	return nil
}

func (a junkPerson) compare(b junkPerson, by string) int {
	switch by {
	case "filed":
		return int(a.Filed - b.Filed)
	case "junk":
		return a.Junk - b.Junk
	case "wanted":
		return a.Wanted - b.Wanted
	}
	return strings.Compare(a.User.Address, b.User.Address)
}

// junkSettings are those of the configuration that are about junk.
func (v *visit) junkSettings(_ *listing, view *junkView) error {
	all, err := v.Settings(v.context())
	for _, s := range all {
		if s.Section() == "junk" {
			view.Settings = append(view.Settings, s)
		}
	}
	return err
}

// setCommonRule makes an exception for everybody, or takes one back.
func (v *visit) setCommonRule() error {
	f, err := v.form()
	if err != nil {
		return err
	}
	return v.setRule(f, forEverybody, "/junk", v.showJunk)
}

// What a form may say of a sender's mail.
const (
	ruleNever  = "never"  // is it junk
	ruleAlways = "always" // it is
	ruleGone   = "gone"   // it is judged like any other
)

// setRule does what a form says of a sender, for one account or for all.
func (v *visit) setRule(f *form, account store.AccountID, back string, again func(int, *form) error) error {
	pattern, err := junk.ParsePattern(f.Text("sender"))
	if err != nil {
		f.Reject("sender", v.Say("junk.rule.bad"))
		return again(http.StatusUnprocessableEntity, f)
	}
	event := directory.Event{Subject: v.user.Address} // whose mail it is about is nobody's business
	if account == forEverybody {
		event = directory.Event{Subject: "everybody", Detail: pattern}
	}
	does := f.Text("does")
	switch does {
	case ruleNever, ruleAlways:
		err = v.Junk.SetRule(v.context(), junk.Rule{Account: account, Pattern: pattern, Junk: does == ruleAlways})
	case ruleGone:
		err = v.Junk.RemoveRule(v.context(), account, pattern)
	default:
		return missing
	}
	switch {
	case errors.Is(err, junk.ErrTooManyRules):
		f.Reject("sender", v.Say("junk.rule.many"))
		return again(http.StatusUnprocessableEntity, f)
	case errors.Is(err, junk.ErrNoRule):
		return missing
	case err != nil:
		return err
	}
	event.Action = map[string]string{ruleNever: "junk.allow", ruleAlways: "junk.deny", ruleGone: "junk.forget"}[does]
	if err := v.Directory.Record(v.context(), event); err != nil {
		return err
	}
	return v.done(back, "junk.done."+does, pattern)
}
