package admin

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"letterbox/directory"
	"letterbox/store"
)

// ownAddresses are those under which mail reaches the visitor.
type ownAddresses struct {
	Aliases     []string
	Teams       []string // from which they may send
	Tagged      string   // an example of a plus address; "" where there are none
	Disposables []directory.Disposable
}

func (v *visit) addresses() error { return v.showAddresses(http.StatusOK, blank(nil)) }

func (v *visit) showAddresses(status int, f *form) error {
	all, err := v.Directory.Aliases(v.context())
	if err != nil {
		return err
	}
	var own ownAddresses
	for _, alias := range all {
		if slices.Contains(alias.Targets, v.user.Address) {
			own.Aliases = append(own.Aliases, alias.Address)
		}
	}
	if separator := v.Directory.Separator(); separator != "" {
		local, domain, _ := strings.Cut(v.user.Address, "@")
		own.Tagged = local + separator + "shop@" + domain
	}
	if own.Disposables, err = v.Directory.Disposables(v.context(), v.user.ID); err != nil {
		return err
	}
	if own.Teams, err = v.postsFor(); err != nil {
		return err
	}
	return v.show(status, addressesPage(v.page("me", v.Say("addresses.title")), f, own))
}

// postsFor are the addresses of teams from which the visitor may send.
func (v *visit) postsFor() (list []string, err error) {
	teams, err := v.Directory.Teams(v.context())
	if err != nil {
		return nil, err
	}
	for _, team := range teams {
		members, err := v.members(&team)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(members, func(m member) bool { return m.ID == v.user.ID && m.Rights.Has(store.Post) }) {
			list = append(list, team.Address)
		}
	}
	return list, nil
}

// addDisposable makes up an address for one purpose.
func (v *visit) addDisposable() error {
	f, err := v.form()
	if err != nil {
		return err
	}
	made, err := v.Directory.AddDisposable(v.context(), v.user.ID, f.Text("note"))
	switch {
	case errors.As(err, new(*directory.FieldError)):
		f.Reject("note", v.Say("disposable.bad"))
	case errors.Is(err, directory.ErrTooMany):
		f.Reject("note", v.Say("disposable.many"))
	case err != nil:
		return err
	default:
		return v.done("/me/addresses", "disposable.made", made.Address)
	}
	return v.showAddresses(http.StatusUnprocessableEntity, f)
}

// switchDisposable lets mail to an address be refused, or taken again.
func (v *visit) switchDisposable() error {
	f, err := v.form()
	if err != nil {
		return err
	}
	address, off := f.Text("address"), f.Text("state") == "off"
	err = v.Directory.SwitchDisposable(v.context(), v.user.ID, address, off)
	switch {
	case errors.Is(err, directory.ErrNoSuchAlias), errors.Is(err, directory.ErrBadAddress):
		return missing
	case errors.Is(err, directory.ErrTooMany):
		f.Reject("note", v.Say("disposable.many"))
		return v.showAddresses(http.StatusUnprocessableEntity, f)
	case err != nil:
		return err
	case off:
		return v.done("/me/addresses", "disposable.switched.off", address)
	}
	return v.done("/me/addresses", "disposable.switched.on", address)
}
