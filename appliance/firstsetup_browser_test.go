package appliance

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"letterbox/internal/chromium"
	"letterbox/internal/zone"
)

// TestFirstSetupInBrowser goes the way of TestFirstSetup as a person does, in a
// browser with script: reads, types, presses what is there, and follows where it
// leads.
func TestFirstSetupInBrowser(t *testing.T) {
	t.Parallel()
	elsewhere, names := answering(t), zone.Serve(t, "")
	b := &reader{chromium.Open(t, chromium.Start(t))}
	a := emptyAppliance(t, elsewhere, names)
	chromium.Do(b.Tab, chromedp.Navigate("https://"+a.Addr("https").String()+"/"))

	b.types("code", a.SetupCode())
	b.presses("Begin")
	b.reads("Which domain")
	b.types("domain", "letterbox.example")
	b.presses("Look whether it leads here")
	b.reads("has no address")
	b.presses("Go on")
	b.reads("Your name")
	b.types("name", "Ann")
	b.types("local", "ann")
	b.types("password", "tulips in may 2026")
	b.types("again", "tulips in may 2026")
	b.presses("Create my account")
	b.reads("Each can wait")

	b.presses("People")
	b.reads("mail.letterbox.example") // the appliance has its name
	b.types("name", "Ben")
	b.types("local", "ben")
	b.presses("Add")
	b.reads("ben@letterbox.example was added")
	b.presses("Next step")
	b.reads("has no MX record")
	names.Add(t, "letterbox.example. MX 10 mail.letterbox.example.\nmail.letterbox.example. A 192.0.2.1\n")
	b.presses("Look again")
	b.misses("has no MX record")
	b.presses("Next step")
	b.presses("Next step")
	disk := filepath.Join(t.TempDir(), "disk")
	b.types("target", disk)
	b.presses("Use this place, too")
	b.reads("Snapshots go there, too")
	b.types("to", "ed@elsewhere.example")
	b.presses("Send the test mail")
	b.reads("Now answer it from ed@elsewhere.example")
	elsewhere.answers(t, a)
	b.presses("Look again")
	b.reads("Mail works both ways")
}

// A reader uses a browser.
type reader struct{ *chromium.Tab }

// types fills a field.
func (b *reader) types(field, text string) {
	b.T.Helper()
	chromium.Do(b.Tab, chromedp.Clear("#"+field, chromedp.NodeVisible))
	chromium.Do(b.Tab, chromedp.SendKeys("#"+field, text))
}

// presses a button or a link in the middle of the page, by its words.
func (b *reader) presses(words string) {
	b.T.Helper()
	chromium.Do(b.Tab, chromedp.Click(fmt.Sprintf(`//main//*[self::a or self::button][normalize-space()=%q]`, words), chromedp.NodeVisible))
}

// reads waits until the page says it; a page that is replaced meanwhile is waited for.
func (b *reader) reads(text string) { b.T.Helper(); b.waits("", text) }

// misses waits until the page does not say it any more.
func (b *reader) misses(text string) { b.T.Helper(); b.waits("not", text) }

func (b *reader) waits(not, text string) {
	b.T.Helper()
	chromium.Do(b.Tab, chromedp.WaitReady(fmt.Sprintf(`//html[%s(contains(., %q))]`, not, text)))
}
