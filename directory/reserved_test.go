package directory

import (
	"errors"
	"strings"
	"testing"
)

func TestReserved(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, local := range []string{"letterbox-reports", "Letterbox-Reports", "MAILER-DAEMON", "SRS0=abcd=1x=far.example=ann", "srs1=x"} {
		address := local + "@home.example"
		_, user := h.AddUser(t.Context(), address, "", "")
		_, team := h.AddTeam(t.Context(), address, "")
		for what, err := range map[string]error{
			"user": user, "team": team,
			"alias": h.AddAlias(t.Context(), address, bob),
			"group": h.SetAlias(t.Context(), Alias{address, []string{ann, bob}}),
		} {
			if !errors.Is(err, ErrReserved) || !errors.Is(err, ErrExists) || !strings.Contains(err.Error(), "choose another one") {
				t.Errorf("%s %s: %v", what, address, err)
			}
		}
	}
	for _, local := range []string{"letterbox", "reports", "srs", "mailer", "postmaster"} {
		must(t, h.AddAlias(t.Context(), local+"@home.example", bob))
	}
}
