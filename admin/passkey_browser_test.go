package admin

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"letterbox/internal/chromium"
)

// TestPasskeyInBrowser makes a passkey with the authenticator of a real browser,
// signs out, and signs in with it alone.
func TestPasskeyInBrowser(t *testing.T) {
	t.Parallel()
	h := build(t)
	// There are no passkeys for an address.
	h.URL = strings.Replace(h.URL, "127.0.0.1", "localhost", 1)
	var err error
	h.Passkeys, err = h.Directory.Passkeys("localhost", h.URL)
	must(t, err)
	w := h.window(t, chromium.Start(t), aUser)
	w.open("/me/factors/passkey", looks[0])
	call(w, webauthn.Enable, webauthn.EnableParams{})
	call(w, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}})

	w.fill("#name", "Phone")
	w.press(`form[data-passkey] button`)
	w.awaits(".codes") // recovery codes, with the first second factor
	w.press(`form[action="/signout"] button`)
	w.awaits(`form[data-passkey="get"]`)
	w.press(`form[data-passkey="get"] button`)
	w.awaits(".errands") // at home

	f, err := h.Directory.SecondFactors(t.Context(), h.userID())
	must(t, err)
	if len(f.Passkeys) != 1 || f.Passkeys[0].Used.IsZero() {
		t.Errorf("passkeys are %+v", f.Passkeys)
	}
}

func (w *window) fill(selector, text string) {
	w.t.Helper()
	run(w, chromedp.SendKeys(selector, text))
}

func (w *window) press(selector string) {
	w.t.Helper()
	run(w, chromedp.Click(selector))
}

// awaits waits until the page shows something.
func (w *window) awaits(selector string) {
	w.t.Helper()
	run(w, chromedp.WaitVisible(selector))
}
