package admin

import (
	"fmt"
	"strings"
	"testing"
)

func TestAliases(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.as(t, anAdmin)
	const page = "/domains/home.example/addresses"
	b.wants(b.get("/domains/home.example"), 200, `href="`+page+`"`)
	b.wants(b.get(page), 200, "No address leads to others yet", "such as info@")
	for _, test := range []struct{ local, targets, says string }{
		{"info", " \n ", "Write at least one address."},
		{"info", "nobody@home.example", "Nobody here has the address nobody@home.example."},
		{"info", aUser + "\n<b>", "&lt;b&gt; is no valid address."},
		{"info", "info@home.example", "With info@home.example the addresses would lead in a circle."},
		{"info", strings.Repeat("a@far.example ", 201), "200 are possible"},
		{"user", "a@far.example", "This address is taken already."},
		{"letterbox-reports", "a@far.example", "Letterbox uses this address itself."},
		{"info@far.example", "a@far.example", "This is no valid address."},
		{"in fo", "a@far.example", "This is no valid address."},
	} {
		b.wants(b.post(page, "local", test.local, "targets", test.targets), 422, test.says, fmt.Sprintf("value=%q", test.local))
	}
	b.wants(b.post(page, "local", "Info@home.example", "targets", aUser+"\r\nAnn@far.example"), 303, page)
	b.wants(b.get(page), 200, "Info@home.example was added", "One address leads to others", `href="`+page+`/info"`, aUser, "Ann@far.example")
	b.wants(b.post(page, "local", "INFO", "targets", anAdmin), 422, "This address is taken already.")
	b.wants(b.post(page, "local", "*", "targets", anAdmin), 303)
	b.wants(b.get(page), 200, "Everything else at home.example", page+"/%2A")
	b.wants(b.get(page+"?q=far"), 200, "Ann@far.example", "!Everything else")
	b.wants(b.get(page+"?q=zebra"), 200, "No address fits this search.")
	b.wants(b.get(page+"/%2A"), 200, "written to nobody in this domain goes to one address")
}

func TestChangeAlias(t *testing.T) {
	t.Parallel()
	h := build(t)
	const page, strange = "/domains/home.example/addresses", `"a/b ü"@home.example`
	must(t, h.Directory.AddAlias(t.Context(), strange, aUser))
	b := h.as(t, anAdmin)
	one := aliasesPath("home.example", `"a/b ü"`)
	b.wants(b.get(page), 200, one)
	b.wants(b.get(one), 200, aUser, "goes to one other")
	b.wants(b.post(one, "targets", "nobody@home.example"), 422, "Nobody here has")
	b.wants(b.post(one, "targets", anAdmin+"\n"+aHelper), 303, page)
	b.wants(b.get(one), 200, anAdmin+"\n"+aHelper, "goes to 2 others")

	looks := h.as(t, anAuditor)
	looks.wants(looks.get(one), 200, aHelper, "!<textarea")
	looks.wants(looks.get(page), 200, "!<textarea")
	looks.wants(looks.post(one, "act", "remove"), 403)
	helps := h.as(t, aHelper)
	helps.wants(helps.get(page), 403)

	b.wants(b.post(one, "act", "remove", "targets", ""), 303, page)
	b.wants(b.get(page), 200, "was removed", "No address leads to others yet")
	b.wants(b.get(one), 404)
	b.wants(b.get("/domains/far.example/addresses"), 404)
	b.wants(b.get("/settings/audit"), 200, "Address removed", "Address added")
	german := h.as(t, anAdmin)
	german.wants(german.post("/preferences", "language", "de", "to", "/"), 303)
	german.wants(german.get(page), 200, "Noch führt keine Adresse")
}
