package admin

import (
	"net/http"
	"testing"
)

func TestDomains(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.as(t, anAdmin)
	b.wants(b.get("/domains"), http.StatusOK, "for 1 domain", `href="/domains/home.example"`)
	b.wants(b.post("/domains", "domain", "no domain"), http.StatusUnprocessableEntity, "This is not a domain", `value="no domain"`)
	b.wants(b.post("/domains", "domain", "home.example"), http.StatusUnprocessableEntity, "here already")
	b.wants(b.post("/domains", "domain", "New.example"), http.StatusSeeOther, "/domains/new.example")
	b.wants(b.get("/domains/new.example"), http.StatusOK,
		"has no MX record", "new.example. MX 10 mail.home.example.", "v=DKIM1", ">_dmarc</code>", "not yet")
	zone := b.get("/domains/new.example/zone")
	b.wants(zone, http.StatusOK, `new.example. TXT "v=spf1 mx -all"`)
	before := zone.Body
	b.wants(b.post("/domains/new.example"), http.StatusSeeOther, "/domains/new.example")
	b.wants(b.post("/domains/new.example/keys"), http.StatusSeeOther, "/domains/new.example")
	if after := b.get("/domains/new.example/zone").Body; len(after) < len(before)+400 {
		t.Errorf("new keys are not to be published:\n%s", after)
	}
	b.wants(b.get("/domains/elsewhere.example"), http.StatusNotFound)
	b.wants(b.post("/domains/elsewhere.example/keys"), http.StatusNotFound)

	b.wants(b.get("/domains/new.example/remove"), http.StatusOK, "is refused from now on")
	b.wants(b.post("/domains/new.example/remove", "word", "yes"), http.StatusUnprocessableEntity)
	b.wants(b.post("/domains/new.example/remove", "word", "new.example"), http.StatusSeeOther, "/domains")
	b.wants(b.get("/domains/new.example"), http.StatusNotFound)
	b.wants(b.post("/domains/home.example/remove", "word", "home.example"), http.StatusUnprocessableEntity, "Remove those first")

	german := h.as(t, anAdmin)
	german.wants(german.post("/preferences", "language", "de", "to", "/"), http.StatusSeeOther)
	german.wants(german.get("/domains/home.example"), http.StatusOK, "hat keinen MX-Eintrag", "noch nicht")
	looks := h.as(t, anAuditor)
	looks.wants(looks.get("/domains/home.example"), http.StatusOK, "!/keys", "!/remove")
}

func TestHealth(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.as(t, anAdmin)
	b.wants(b.get("/health"), http.StatusOK, "Letterbox is not running", "What to do", "keep mail from working")
	b.wants(b.post("/health"), http.StatusSeeOther, "/health")
	b.wants(b.get("/certificates"), http.StatusOK, "Every name has a certificate")
	b.wants(b.post("/certificates"), http.StatusSeeOther, "/certificates")
}

// TestProviders: the records are written for the form of who serves the domain.
func TestProviders(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.as(t, anAdmin)
	b.wants(b.get("/domains/home.example"), 200, "home.example is served by Cloudflare", "grey cloud", ">mail.home.example</code>", `id="zone"`)
	b.wants(b.get("/domains/home.example?at=hetzner"), 200, "typed at Hetzner", ">10 mail.home.example.</code>", "&#34;v=DKIM1")
	b.wants(b.get("/domains/home.example?at=%3Cb%3E"), 200, "who serves home.example", "!<b>")
	b.wants(b.get("/guide/dns?at=ovh"), 200, "leave empty")
}
