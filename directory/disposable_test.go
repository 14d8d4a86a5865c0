package directory

import (
	"errors"
	"fmt"
	"regexp"
	"testing"
	"time"

	"letterbox/database"
)

// TestDisposable is about an address from when it is made until its owner has gone.
func TestDisposable(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, err := h.User(t.Context(), ann)
	must(t, err)
	h.alias(t, "*@home.example bob@home.example")
	made, err := h.AddDisposable(t.Context(), anna.ID, "a shop")
	must(t, err)
	if !regexp.MustCompile(`^[a-z]+\.[a-z]+\.\d{4}@home\.example$`).MatchString(made.Address) {
		t.Errorf("made %q", made.Address)
	}
	goes := func() string {
		found, err := h.Resolve(t.Context(), made.Address)
		var off *SwitchedOffError
		switch {
		case errors.As(err, &off):
			return fmt.Sprintf("off %d", off.Owner)
		case err != nil:
			t.Fatal(err)
		case found[0].Disposable != made.ID:
			t.Errorf("it is not known as disposable: %+v", found)
		}
		return where(found)[0]
	}
	if got := goes(); got != ann {
		t.Errorf("it leads to %s", got)
	}
	if own, err := h.MaySendAs(t.Context(), anna.ID, made.Address); !own || err != nil {
		t.Errorf("she may not write from it: %v", err)
	}
	must(t, h.DisposableUsed(t.Context(), made.ID, "shop@far.example"))
	must(t, h.SwitchDisposable(t.Context(), anna.ID, made.Address, true))
	if got := goes(); got != fmt.Sprintf("off %d", anna.ID) {
		t.Errorf("switched off, it leads to %s", got)
	}
	if own, err := h.MaySendAs(t.Context(), anna.ID, made.Address); own || err != nil {
		t.Errorf("switched off, she may write from it: %v", err)
	}
	list, err := h.Disposables(t.Context(), anna.ID)
	must(t, err)
	want := Disposable{ID: made.ID, Address: made.Address, Note: "a shop", Off: true, Created: made.Created, Used: time.Unix(1_800_000_000, 0), UsedBy: "shop@far.example", Uses: 1}
	if len(list) != 1 || list[0] != want {
		t.Errorf("listed: %+v", list)
	}
	if err := h.SwitchDisposable(t.Context(), anna.ID+1, made.Address, false); !errors.Is(err, ErrNoSuchAlias) {
		t.Errorf("Bob switches it: %v", err)
	}
	must(t, h.SwitchDisposable(t.Context(), anna.ID, made.Address, false))
	if got := goes(); got != ann {
		t.Errorf("switched on again, it leads to %s", got)
	}
	must(t, h.RemoveUser(t.Context(), ann))
	if got := goes(); got != "off 0" {
		t.Errorf("with Ann gone, it leads to %s", got)
	}
	if _, err := h.AddUser(t.Context(), made.Address, "", annsPassword); !errors.Is(err, ErrExists) {
		t.Errorf("somebody else gets it: %v", err)
	}
	if err := h.AddAlias(t.Context(), made.Address, bob); !errors.Is(err, ErrExists) {
		t.Errorf("it becomes an alias: %v", err)
	}
}

// TestDisposableInAlias leaves a group whole when one of its targets is switched off.
func TestDisposableInAlias(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, err := h.User(t.Context(), ann)
	must(t, err)
	made, err := h.AddDisposable(t.Context(), anna.ID, "a club")
	must(t, err)
	h.alias(t, "club@home.example "+made.Address, "club@home.example bob@home.example")
	must(t, h.SwitchDisposable(t.Context(), anna.ID, made.Address, true))
	found, err := h.Resolve(t.Context(), "club@home.example")
	if must(t, err); len(found) != 1 || where(found)[0] != bob {
		t.Errorf("goes to %v", where(found))
	}
}

func TestDisposableLimits(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, err := h.User(t.Context(), ann)
	must(t, err)
	for _, note := range []string{"", "a\nb", string(make([]byte, maxNote+1))} {
		var bad *FieldError
		if _, err := h.AddDisposable(t.Context(), anna.ID, note); !errors.As(err, &bad) || bad.Field != "note" {
			t.Errorf("note %q: %v", note, err)
		}
	}
	var last *Disposable
	for range maxDisposables {
		last, err = h.AddDisposable(t.Context(), anna.ID, "x")
		must(t, err)
	}
	if _, err := h.AddDisposable(t.Context(), anna.ID, "x"); !errors.Is(err, ErrTooMany) {
		t.Errorf("one too many: %v", err)
	}
	must(t, h.SwitchDisposable(t.Context(), anna.ID, last.Address, true))
	if _, err := h.AddDisposable(t.Context(), anna.ID, "x"); err != nil {
		t.Errorf("after one was switched off: %v", err)
	}
	if err := h.SwitchDisposable(t.Context(), anna.ID, last.Address, false); !errors.Is(err, ErrTooMany) {
		t.Errorf("it is switched on again: %v", err)
	}
	must(t, h.db.Write(t.Context(), func(tx *database.Tx) error {
		for i := range maxDisposableAll {
			if _, err := tx.Exec(`INSERT INTO disposable (domain, localpart, user, note, off, created_at, used_at, used_by, uses)
				VALUES (1, ?, ?, 'x', 1, 0, 0, '', 0)`, fmt.Sprint("old.", i), anna.ID); err != nil {
				return err
			}
		}
		_, err := tx.Exec(`UPDATE disposable SET off = 1`)
		return err
	}))
	if _, err := h.AddDisposable(t.Context(), anna.ID, "x"); !errors.Is(err, ErrTooMany) {
		t.Errorf("all are off, and there are too many: %v", err)
	}
}
