// Package chromium drives a real browser in tests, for those who serve pages.
package chromium

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// Patience is how long a page may take where many tests run at once; it is no
// measure of anything.
const Patience = time.Minute

// Start starts the browser, once for a test; it ends with it.
func Start(t testing.TB) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil && os.Getenv("LETTERBOX_CLIENTS") != "require" {
		t.Skip("no Chromium; scripts/install installs it")
	}
	if err != nil {
		t.Fatal(err)
	}
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
	if err := chromedp.Do(browser); err != nil { // starts it
		t.Fatal(err)
	}
	return browser
}

// A Tab is one that shares nothing with others: no cookies, no storage.
type Tab struct {
	T   testing.TB
	ctx context.Context
}

// Open opens a tab; it is shut when the test ends.
func Open(t testing.TB, browser context.Context) *Tab {
	t.Helper()
	ctx, shut := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(shut)
	tab := &Tab{t, ctx}
	// Several are looked at at once, and only one can be in front.
	Call(tab, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	return tab
}

// Do does something in the tab and returns what came of it.
func Do[T any](tab *Tab, a chromedp.Action[T]) T {
	tab.T.Helper()
	ctx := tab.ctx
	if chromedp.FromContext(ctx).Target != nil { // the first action may have no deadline: it makes the tab
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, Patience)
		defer cancel()
	}
	result, err := chromedp.Run(ctx, a)
	if err != nil {
		tab.T.Fatal(err)
	}
	return result
}

// Call speaks to the browser itself.
func Call[P, R any](tab *Tab, command cdp.Command[P, R], params P) R {
	tab.T.Helper()
	return Do(tab, func(ctx context.Context, t *chromedp.Target) (R, error) { return cdp.Call(ctx, t, command, params) })
}

// WithoutScript lets the pages run none.
func (tab *Tab) WithoutScript() {
	tab.T.Helper()
	Call(tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}
