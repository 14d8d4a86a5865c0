package admin

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	shot "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"letterbox/internal/chromium"
)

// check complains about what people stumble over; see the file.
//
//go:embed testdata/check.js
var check string

// focus goes through the page; see the file.
//
//go:embed testdata/focus.js
var focus string

// axeRun has axe-core, where it is installed, look for what its makers are sure of.
const axeRun = `;axe.run({resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]})
	.then((found) => found.violations.map((v) => v.id + ": " + v.help + ": " + v.nodes.map((n) => n.html.slice(0, 120)).join(" | ")))`

// axeCore is the source of axe-core (https://github.com/dequelabs/axe-core), if
// scripts/install could fetch it; our own checks do not need it.
func axeCore(t testing.TB) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	must(t, err)
	source, err := os.ReadFile(filepath.Join(cache, "letterbox/node_modules/axe-core/axe.min.js"))
	if errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	must(t, err)
	return string(source)
}

// A look is how somebody sees a page.
type look struct {
	name          string
	width, height int64
	dark          bool
}

var looks = []look{
	{"desktop", 1280, 900, false},
	{"desktop-dark", 1280, 900, true},
	{"phone", 390, 844, false},
	{"phone-dark", 390, 844, true},
}

// A window is a tab of a real browser.
type window struct {
	*chromium.Tab
	house *house
	t     testing.TB
}

// window opens a tab in which somebody is signed in, or nobody ("").
func (h *house) window(t testing.TB, browser context.Context, who string) *window {
	t.Helper()
	w := &window{chromium.Open(t, browser), h, t}
	if who != "" {
		token, secure := h.as(t, who).cookie(sessionCookie), true
		call(w, network.SetCookie, network.SetCookieParams{
			Name: sessionCookie, Value: token, URL: h.URL, Path: "/", Secure: &secure,
		})
	}
	return w
}

// run does something in the window and returns what came of it.
func run[T any](w *window, a chromedp.Action[T]) T {
	w.t.Helper()
	return chromium.Do(w.Tab, a)
}

// call speaks to the browser itself.
func call[P, R any](w *window, command cdp.Command[P, R], params P) R {
	w.t.Helper()
	return chromium.Call(w.Tab, command, params)
}

// open shows a page in a look.
func (w *window) open(path string, l look) {
	w.t.Helper()
	w.look(l)
	run(w, chromedp.Navigate(w.house.URL+path))
}

// look shows the page in another look.
func (w *window) look(l look) {
	w.t.Helper()
	scheme := "light"
	if l.dark {
		scheme = "dark"
	}
	call(w, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
	})
	run(w, chromedp.EmulateViewport(l.width, l.height))
}

// complain runs a check, which returns a list of complaints.
func (w *window) complain(s sight, how, check string) {
	w.t.Helper()
	for _, c := range run(w, chromedp.Evaluate[[]string](check, waiting)) {
		w.t.Errorf("%s, %s: %s", s.path, how, c)
	}
}

// waiting lets a promise come true.
func waiting(p *runtime.EvaluateParams) { p.AwaitPromise = new(true) }

// shoot keeps a picture of the page in the folder that LETTERBOX_SCREENSHOTS
// names; without it there is none.
func (w *window) shoot(name string, l look) {
	w.t.Helper()
	folder := os.Getenv("LETTERBOX_SCREENSHOTS")
	if folder == "" {
		return
	}
	must(w.t, os.MkdirAll(folder, 0o755))
	picture := call(w, shot.CaptureScreenshot, shot.CaptureScreenshotParams{
		Format: shot.CaptureScreenshotFormatWebp, Quality: new(int64(70)),
	})
	must(w.t, os.WriteFile(filepath.Join(folder, fmt.Sprintf("%s-%s.webp", name, l.name)), picture.Data, 0o644))
}

// TestSights looks at every page as a person does: on a desk and on a phone, by
// day and by night, with the keyboard alone, and without script.
func TestSights(t *testing.T) {
	t.Parallel()
	browser, h := chromium.Start(t), inhabit(t)
	shares := map[string][]sight{}
	for i, s := range h.sights(t) {
		share := s.who
		if share == anAdmin { // has most, so that two look at them
			share = []string{anAdmin, "1"}[i%2]
		}
		shares[share] = append(shares[share], s)
	}
	for _, list := range shares {
		t.Run(list[0].who, func(t *testing.T) {
			t.Parallel()
			w, plain := h.window(t, browser, list[0].who), h.window(t, browser, list[0].who)
			plain.WithoutScript()
			for _, s := range list {
				w.examine(s)
				plain.open(s.path, looks[2])
				plain.complain(s, "without script", check)
			}
		})
	}
}

// examine looks at a page in every way.
func (w *window) examine(s sight) {
	w.t.Helper()
	w.open(s.path, looks[0])
	for i, l := range looks {
		w.look(l)
		w.complain(s, l.name, check)
		if i == 0 || i == len(looks)-1 {
			w.shoot(s.name, l)
			w.open(s.path, l) // where the first Tab begins
			run(w, chromedp.KeyEvent(kb.Tab))
			w.complain(s, l.name+", by the Tab key", focus)
		}
	}
	if axe := axeCore(w.t); axe != "" {
		w.complain(s, "axe-core", axe+axeRun)
	}
}
