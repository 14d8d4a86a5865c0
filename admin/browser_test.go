package admin

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// check complains about what people stumble over; see the file.
//
//go:embed testdata/check.js
var check string

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
	ctx   context.Context
	house *house
	t     testing.TB
}

// chromium starts the browser, once for a test; it ends with it.
func chromium(t testing.TB) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil && os.Getenv("LETTERBOX_CLIENTS") != "require" {
		t.Skip("no Chromium; scripts/install installs it")
	}
	must(t, err)
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.NoSandbox, // of root, in a container; it sees nothing but our own pages
		chromedp.DisableGPU,
		chromedp.Flag("ignore-certificate-errors", true),
		chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("hide-scrollbars", true),
	)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	browser, quit := chromedp.NewContext(allocator)
	t.Cleanup(quit)
	must(t, chromedp.Do(browser)) // starts it
	return browser
}

// window opens a tab in which somebody is signed in, or nobody ("").
func (h *house) window(t testing.TB, browser context.Context, who string) *window {
	t.Helper()
	ctx, shut := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(shut)
	w := &window{ctx, h, t}
	if who != "" {
		token, secure := h.as(t, who).cookie(sessionCookie), true
		call(w, network.SetCookie, network.SetCookieParams{
			Name: sessionCookie, Value: token, URL: h.URL, Path: "/", Secure: &secure,
		})
	}
	return w
}

// patience is how long a page may take where many tests run at once; it is no
// measure of anything.
const patience = time.Minute

// run does something in the window and returns what came of it.
func run[T any](w *window, a chromedp.Action[T]) T {
	w.t.Helper()
	ctx := w.ctx
	if chromedp.FromContext(ctx).Target != nil { // the first action may have no deadline: it makes the tab
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	result, err := chromedp.Run(ctx, a)
	must(w.t, err)
	return result
}

// call speaks to the browser itself.
func call[P, R any](w *window, command cdp.Command[P, R], params P) R {
	w.t.Helper()
	return run(w, func(ctx context.Context, t *chromedp.Target) (R, error) { return cdp.Call(ctx, t, command, params) })
}

// open shows a page in a look.
func (w *window) open(path string, l look) {
	w.t.Helper()
	scheme := "light"
	if l.dark {
		scheme = "dark"
	}
	call(w, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	run(w, chromedp.EmulateViewport(l.width, l.height))
	run(w, chromedp.Navigate(w.house.URL+path))
}

// complaints runs check.
func (w *window) complaints() []string {
	w.t.Helper()
	return run(w, chromedp.Evaluate[[]string](check))
}

// shoot keeps a picture of the page in the folder that LETTERBOX_SCREENSHOTS
// names; without it there is none.
func (w *window) shoot(name string, l look) {
	w.t.Helper()
	folder := os.Getenv("LETTERBOX_SCREENSHOTS")
	if folder == "" {
		return
	}
	must(w.t, os.MkdirAll(folder, 0o755))
	png := run(w, chromedp.CaptureScreenshot())
	must(w.t, os.WriteFile(filepath.Join(folder, fmt.Sprintf("%s-%s.png", name, l.name)), png, 0o644))
}

// A sight is a page worth looking at, and who looks.
type sight struct{ name, who, path string }

func sights() []sight {
	return []sight{
		{"signin", "", "/signin"},
		{"overview", anAdmin, "/overview"},
		{"people", anAdmin, "/people"},
		{"reports", anAuditor, "/domains/home.example/reports"},
		{"traces", anAuditor, "/trace"},
		{"trace", anAuditor, "/trace/one"},
		{"person", anAdmin, "/people/1"},
		{"person-add", anAdmin, "/people/new"},
		{"person-remove", anAdmin, "/people/2/remove"},
		{"role", anAdmin, "/people/2/role"},
		{"teams", aHelper, "/people/teams"},
		{"settings", anAuditor, "/settings"},
		{"audit", anAuditor, "/settings/audit"},
		{"search", anAdmin, "/search?q=a"},
		{"home", aUser, "/me"},
	}
}

// others are the pages of the route table that are no sights: they are checked,
// and no pictures kept.
func others() (list []sight) {
	no := map[string]bool{
		"/": true, "/overview/live": true, "/me/export/mail.zip": true, "/snapshots/sheet": true, "/.well-known/change-password": true, // no pages of their own
	}
	for _, s := range sights() {
		path, _, _ := strings.Cut(s.path, "?")
		no[path] = true
	}
	for _, r := range routes() {
		path, isGet := strings.CutPrefix(r.pattern, "GET ")
		if isGet && !strings.Contains(path, "{") && !no[path] {
			list = append(list, sight{"", anAdmin, path})
		}
	}
	return list
}

// TestSights looks at every page as a person does: on a desk and on a phone, by
// day and by night.
func TestSights(t *testing.T) {
	t.Parallel()
	browser := chromium(t)
	h := build(t, journal(t))
	h.populate(t, 60)
	h.report("dmarc-1.xml")
	h.report("tls-1.json")
	windows := map[string]*window{}
	for _, s := range append(sights(), others()...) {
		if windows[s.who] == nil {
			windows[s.who] = h.window(t, browser, s.who)
		}
		w := windows[s.who]
		for i, l := range looks {
			if s.name == "" && i != 0 && i != len(looks)-1 {
				continue // a bright desk and a dark phone will do
			}
			w.open(s.path, l)
			for _, c := range w.complaints() {
				t.Errorf("%s, %s: %s", s.path, l.name, c)
			}
			if s.name != "" && (i == 0 || i == len(looks)-1) {
				w.shoot(s.name, l)
			}
		}
	}
}
