package directory

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"letterbox/database"
)

// wreckOf makes a wreck of a database file with one page scrambled, -1 for none.
func wreckOf(t *testing.T, whole []byte, page int) *database.Wreck {
	t.Helper()
	const size = 4096
	data := append([]byte(nil), whole...)
	if page >= 0 {
		for i := range data[page*size : (page+1)*size] {
			data[page*size+i] ^= 0x5a
		}
	}
	path := filepath.Join(t.TempDir(), "old.db")
	must(t, os.WriteFile(path, data, 0o600))
	w, err := database.OpenWreck(path)
	must(t, err)
	t.Cleanup(func() { must(t, w.Close()) })
	return w
}

// inhabited is the database file of a house, closed, and an app password of Ann's.
func inhabited(t *testing.T) (data []byte, appPassword string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "letterbox.db")
	t.Run("live", func(t *testing.T) {
		h := &house{clock: &clock{now: time.Unix(1_800_000_000, 0)}, path: path}
		h.Directory = openDirectory(t, path, h.clock)
		_, err := h.AddDomain(t.Context(), "home.example")
		must(t, err)
		_, err = h.AddUser(t.Context(), ann, "Ann", annsPassword)
		must(t, err)
		must(t, h.SetRole(t.Context(), ann, "admin"))
		_, err = h.AddTeam(t.Context(), "office@home.example", "Office")
		must(t, err)
		must(t, h.SetLanguage(t.Context(), ann, "de"))
		must(t, h.SetForward(t.Context(), Forward{Address: ann, Targets: []string{"ann@far.example"}, Keep: true}))
		_, err = h.AddDisposable(t.Context(), 1, "a shop")
		must(t, err)
		must(t, h.SetVacation(t.Context(), 1, Vacation{On: true, Text: "I am away."}))
		must(t, h.AddAlias(t.Context(), "info@home.example", ann))
		must(t, h.SetSetting(t.Context(), "colour", "blue"))
		appPassword, _, err = h.AddAppPassword(t.Context(), ann, "Phone", "imap")
		must(t, err)
		h.enableTOTP(t, ann)
		_, err = h.NewRecoveryCodes(t.Context(), ann)
		must(t, err)
	})
	data, err := os.ReadFile(path)
	must(t, err)
	return data, appPassword
}

// TestSalvage takes everything over, once and again.
func TestSalvage(t *testing.T) {
	t.Parallel()
	whole, appPassword := inhabited(t)
	h := &house{clock: &clock{now: time.Unix(1_800_000_000, 0)}, path: filepath.Join(t.TempDir(), "new.db")}
	h.Directory = openDirectory(t, h.path, h.clock)
	for range 2 {
		w := wreckOf(t, whole, -1)
		users, err := h.Salvage(t.Context(), w)
		must(t, err)
		if users != 2 || w.Damaged {
			t.Errorf("%d users, damaged %v", users, w.Damaged)
		}
	}
	h.Directory = openDirectory(t, h.path, h.clock) // with the secret that was found
	must(t, h.signIn(t, "192.0.2.1", ann, appPassword))
	if err := h.signIn(t, "192.0.2.1", ann, annsPassword); !errors.Is(err, ErrSecondFactor) {
		t.Errorf("her own password: %v", err)
	}
	if f, err := h.SecondFactors(t.Context(), 1); err != nil || !f.TOTP || f.RecoveryCodes != recoveryCodes {
		t.Errorf("second factors are %+v, %v", f, err)
	}
	if user, err := h.User(t.Context(), ann); err != nil || user.Role != "admin" || user.Name != "Ann" || user.Language != "de" {
		t.Errorf("%+v, %v", user, err)
	}
	if office, err := h.User(t.Context(), "office@home.example"); err != nil || !office.Team {
		t.Errorf("%+v, %v", office, err)
	}
	if f, err := h.Forwards(t.Context()); err != nil || len(f) != 1 || !f[0].Keep {
		t.Errorf("passed on: %+v, %v", f, err)
	}
	if list, err := h.Disposables(t.Context(), 1); err != nil || len(list) != 1 || list[0].Note != "a shop" {
		t.Errorf("disposable: %+v, %v", list, err)
	}
	if v, err := h.Vacation(t.Context(), 1); err != nil || !v.On || v.Text != "I am away." {
		t.Errorf("away: %+v, %v", v, err)
	}
	if found, err := h.Resolve(t.Context(), "info@home.example"); err != nil || len(found) != 2 {
		t.Errorf("the alias leads to %v, %v", found, err)
	}
	if value, _, err := h.Setting(t.Context(), "colour"); value != "blue" || err != nil {
		t.Errorf("the setting is %q, %v", value, err)
	}
}

// TestSalvageOfDamagedPages: it ends well whatever page is damaged, and most of
// them do not cost Ann her password.
func TestSalvageOfDamagedPages(t *testing.T) {
	t.Parallel()
	whole, _ := inhabited(t)
	pages, each := len(whole)/4096, 1
	if testing.Short() {
		each = 9 // the others when faults are tried
	}
	tried, lost := 0, 0
	for page := 0; page < pages; page += each {
		tried++
		d := openDirectory(t, filepath.Join(t.TempDir(), "new.db"), &clock{})
		w := wreckOf(t, whole, page)
		users, err := d.Salvage(t.Context(), w)
		must(t, err)
		if users == 0 {
			lost++
			if !w.Damaged {
				t.Errorf("page %d: Ann is lost and nothing is said", page)
			}
		}
	}
	// The pages of the schema, of domain and of user.
	if lost > tried/3 {
		t.Errorf("Ann was lost with %d of %d pages", lost, tried)
	}
}
