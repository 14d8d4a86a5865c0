package admin

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"letterbox/internal/chromium"
)

// TestPalette finds a page by the keyboard alone.
func TestPalette(t *testing.T) {
	t.Parallel()
	h := build(t)
	w := h.window(t, chromium.Start(t), anAdmin)
	w.open("/people", looks[0])
	run(w, chromedp.KeyEvent("k", chromedp.KeyModifiers(kb.ModifierCtrl)))
	run(w, chromedp.WaitVisible(".palette input"))
	run(w, chromedp.KeyEvent("audit log"))
	run(w, chromedp.Poll[bool](`document.querySelectorAll(".palette a").length === 1`))
	run(w, chromedp.KeyEvent(kb.Enter))
	run(w, chromedp.WaitVisible(`.tabs a[href="/settings/audit"][aria-current]`))
}

// TestWithoutScript signs in and changes somebody's name in a browser that runs
// no script.
func TestWithoutScript(t *testing.T) {
	t.Parallel()
	h := build(t)
	w := h.window(t, chromium.Start(t), "")
	w.WithoutScript()
	page := h.page(t, aUser)
	w.open("/signin?to="+page, looks[2])
	run(w, chromedp.SendKeys("#user", anAdmin))
	run(w, chromedp.SendKeys("#password", secretOf(anAdmin)+kb.Enter))
	run(w, chromedp.WaitReady("#name"))
	run(w, chromedp.SendKeys("#name", "Ursula"+kb.Enter))
	run(w, chromedp.WaitReady(".flash"))
	if at := run(w, chromedp.Location()); !strings.HasSuffix(at, page) {
		t.Errorf("at %s", at)
	}
	u, err := h.Directory.User(t.Context(), aUser)
	if err != nil || u.Name != "Ursula" {
		t.Errorf("%+v, %v", u, err)
	}
}
