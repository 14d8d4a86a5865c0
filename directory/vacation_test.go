package directory

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"letterbox/database"
)

func TestVacationApplies(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 12, 24, 23, 59, 0, 0, time.Local)
	for _, test := range []struct {
		v           Vacation
		away, isOut bool
	}{
		{Vacation{}, false, false},
		{Vacation{On: true}, true, false},
		{Vacation{First: "2026-12-01"}, false, false},
		{Vacation{On: true, First: "2026-12-24"}, true, false},
		{Vacation{On: true, First: "2026-12-25"}, false, false},
		{Vacation{On: true, Last: "2026-12-24"}, true, false},
		{Vacation{On: true, First: "2026-12-01", Last: "2026-12-23"}, false, true},
	} {
		if away, over := test.v.Applies(now), test.v.Over(now); away != test.away || over != test.isOut {
			t.Errorf("%+v: away %t, over %t", test.v, away, over)
		}
	}
}

func TestSetVacation(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, err := h.User(t.Context(), ann)
	must(t, err)
	for field, v := range map[string]Vacation{
		"first":   {First: "24.12."},
		"last":    {First: "2026-12-24", Last: "2026-12-01"},
		"subject": {Subject: "a\r\nBcc: b@far.example"},
		"text":    {On: true, Text: " \n"},
		"days":    {Days: maxVacationDays + 1},
		"from":    {From: "Ann <bob@home.example>"},
	} {
		var bad *FieldError
		if err := h.SetVacation(t.Context(), anna.ID, v); !errors.As(err, &bad) || bad.Field != field {
			t.Errorf("%+v: %v, want the field %s", v, err, field)
		}
	}
	if v, err := h.Vacation(t.Context(), anna.ID); v != (Vacation{Days: DefaultVacationDays}) || err != nil {
		t.Errorf("before: %+v, %v", v, err)
	}
	want := Vacation{On: true, First: "2026-12-24", Text: strings.Repeat("x", maxVacationText), From: "Ann B. <ann+x@home.example>", Days: 14}
	must(t, h.SetVacation(t.Context(), anna.ID, want))
	if v, err := h.Vacation(t.Context(), anna.ID); v != want || err != nil {
		t.Errorf("after: %+v, %v", v, err)
	}
}

// TestAnswerOnce tells a sender once a period, and again what is new.
func TestAnswerOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, err := h.User(t.Context(), ann)
	must(t, err)
	v := Vacation{On: true, Text: "I am away.", Days: 7}
	must(t, h.SetVacation(t.Context(), anna.ID, v))
	day := 24 * time.Hour
	for i, test := range []struct {
		after time.Duration
		text  string
		want  bool
	}{
		{0, "I am away.", true},
		{6 * day, "I am away.", false},
		{day, "I am away.", true},
		{day, "I am away until Monday.", true},
		{0, "I am away until Monday.", false},
	} {
		h.clock.advance(test.after)
		v.Text = test.text
		must(t, h.SetVacation(t.Context(), anna.ID, v))
		if got := h.answers(t, anna.ID, "carl@far.example"); got != test.want {
			t.Errorf("step %d: answered: %t", i, got)
		}
	}
}

func (h *house) answers(t *testing.T, id int64, sender string) (may bool) {
	t.Helper()
	must(t, h.db.Write(t.Context(), func(tx *database.Tx) (err error) {
		may, err = h.Answer(tx, id, sender, 7, h.clock.Now())
		return err
	}))
	return may
}

// TestAnswerBounded answers so many a day, and remembers so many.
func TestAnswerBounded(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, err := h.User(t.Context(), ann)
	must(t, err)
	for i := range maxAnsweredInDay {
		if !h.answers(t, anna.ID, fmt.Sprintf("%d@far.example", i)) {
			t.Fatalf("sender %d is not answered", i)
		}
	}
	if h.answers(t, anna.ID, "last@far.example") {
		t.Error("there is no end to it")
	}
	must(t, h.db.Write(t.Context(), func(tx *database.Tx) error {
		for i := range maxAnswered {
			if _, err := tx.Exec(`INSERT INTO vacation_answered (user, sender, at) VALUES (?, ?, ?)`, anna.ID, fmt.Sprintf("old%d@far.example", i), i); err != nil {
				return err
			}
		}
		return nil
	}))
	h.clock.advance(25 * time.Hour)
	if !h.answers(t, anna.ID, "next@far.example") {
		t.Error("the next day nobody is answered")
	}
	var kept, oldest int
	must(t, h.db.Read(t.Context(), func(c *database.Conn) error {
		return c.QueryRow(`SELECT count(*), min(at) FROM vacation_answered`).Scan(&kept, &oldest)
	}))
	if kept != maxAnswered || oldest != maxAnsweredInDay+1 {
		t.Errorf("%d are remembered, the oldest from %d", kept, oldest)
	}
}

func TestIsPersonal(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, alias := range [][2]string{
		{"a@home.example", ann}, {"both@home.example", ann}, {"both@home.example", bob},
		{"far@home.example", ann}, {"far@home.example", "ann@far.example"},
	} {
		must(t, h.AddAlias(t.Context(), alias[0], alias[1]))
	}
	must(t, h.SetForward(t.Context(), Forward{ann, []string{"ann@far.example"}, false}))
	anna, err := h.User(t.Context(), ann)
	must(t, err)
	for address, want := range map[string]bool{
		ann: true, "Ann+x@home.example": true, "a@home.example": true,
		"both@home.example": false, "far@home.example": false, bob: false,
		"postmaster@home.example": false, "ann@far.example": false, "@": false,
	} {
		if got, err := h.IsPersonal(t.Context(), anna.ID, address); got != want || err != nil {
			t.Errorf("%s: %t, %v", address, got, err)
		}
	}
}
