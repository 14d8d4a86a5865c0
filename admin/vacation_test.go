package admin

import (
	"testing"

	"letterbox/directory"
)

func TestVacation(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.as(t, aUser)
	b.wants(b.get("/me/vacation"), 200, "Switch on", "!Switch off")
	for _, test := range []struct{ field, value, says string }{
		{"text", " ", "Write what senders"},
		{"first", "tomorrow", "This is no day."},
		{"last", "2020-01-01", "no day after the first"},
		{"from", "Admin <" + anAdmin + ">", "no address that you may write from"},
		{"days", "0", "from 1 to 90"},
		{"days", "91", "from 1 to 90"},
	} {
		fields := []string{"first", "2999-12-24", "last", "2999-12-31", "text", "I am <away>.", "days", "7", "from", "", "subject", "Gone"}
		for i := 0; i < len(fields); i += 2 {
			if fields[i] == test.field {
				fields[i+1] = test.value
			}
		}
		b.wants(b.post("/me/vacation", fields...), 422, test.says, "Gone")
	}
	if v, err := h.Directory.Vacation(t.Context(), h.userID()); v.On || err != nil {
		t.Fatalf("set already: %+v, %v", v, err)
	}
	b.wants(b.post("/me/vacation", "first", "", "last", "2999-12-31", "text", "I am <away>.\r\nUser", "days", "3"), 303, "/me/vacation")
	want := directory.Vacation{On: true, Last: "2999-12-31", Text: "I am <away>.\nUser", Days: 3}
	if v, err := h.Directory.Vacation(t.Context(), h.userID()); v != want || err != nil {
		t.Errorf("set: %+v, %v", v, err)
	}
	b.wants(b.get("/me/vacation"), 200, "Senders are told that you are away", "I am &lt;away&gt;.", "Switch off")
	b.wants(b.get("/me"), 200, "Senders are told that you are away")
	b.wants(b.post("/me/vacation", "away", "no", "text", "I am away.", "days", "3"), 303)
	b.wants(b.get("/me/vacation"), 200, "Switch on", "I am away.", "!Senders are told")
}
