package admin

import (
	"net/http"
	"slices"
	"strings"
)

// addresses shows under which addresses mail reaches the visitor.
func (v *visit) addresses() error {
	all, err := v.Directory.Aliases(v.context())
	if err != nil {
		return err
	}
	var mine []string
	for _, alias := range all {
		if slices.Contains(alias.Targets, v.user.Address) {
			mine = append(mine, alias.Address)
		}
	}
	local, domain, _ := strings.Cut(v.user.Address, "@")
	return v.show(http.StatusOK, addressesPage(v.page("me", v.Say("addresses.title")), mine, local+"+shop@"+domain))
}
