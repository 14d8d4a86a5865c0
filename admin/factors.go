package admin

import (
	"encoding/base64"
	"errors"
	"net/http"

	"letterbox/directory"
)

// factors shows what is asked for beside the password.
func (v *visit) factors() error {
	have, err := v.Directory.SecondFactors(v.context(), v.user.ID)
	if err != nil {
		return err
	}
	devices, err := v.Directory.AppPasswords(v.context(), v.user.ID)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, factorsPage(v.page("me", v.Say("factors.title")), have, len(devices), v.Passkeys != nil))
}

// codesApp shows the secret for an authenticator app, until it is confirmed.
func (v *visit) codesApp() error { return v.showCodesApp(http.StatusOK, blank(nil)) }

func (v *visit) showCodesApp(status int, f *form) error {
	setup, err := v.Directory.BeginTOTP(v.context(), v.user.Address, v.Hostname)
	if errors.Is(err, directory.ErrHasTOTP) {
		return v.redirect("/me/factors")
	}
	if err != nil {
		return err
	}
	code, err := newQR(setup.URL)
	if err != nil {
		return err
	}
	return v.show(status, codesAppPage(v.page("me", v.Say("app.title")), f, setup.Secret, code))
}

func (v *visit) confirmCodesApp() error {
	f, err := v.form()
	if err != nil {
		return err
	}
	err = v.Directory.ConfirmTOTP(v.context(), v.user.Address, f.Text("code"))
	switch {
	case errors.Is(err, directory.ErrBadCode):
		f.Reject("code", v.Say("code.wrong"))
		return v.showCodesApp(http.StatusUnprocessableEntity, f)
	case errors.Is(err, directory.ErrHasTOTP), errors.Is(err, directory.ErrNoSuchTOTP):
		return v.redirect("/me/factors")
	case err != nil:
		return err
	}
	return v.factorAdded("app.done")
}

// factorAdded goes on to recovery codes, where there are none yet: nobody should
// lose their account with their telephone.
func (v *visit) factorAdded(key string) error {
	have, err := v.Directory.SecondFactors(v.context(), v.user.ID)
	if err != nil {
		return err
	}
	if have.RecoveryCodes > 0 {
		return v.done("/me/factors", key)
	}
	return v.showRecoveryCodes()
}

func (v *visit) recoveryPage() error {
	return v.show(http.StatusOK, newCodesPage(v.page("me", v.Say("recovery.title"))))
}

// showRecoveryCodes makes new codes and shows them, this once.
func (v *visit) showRecoveryCodes() error {
	codes, err := v.Directory.NewRecoveryCodes(v.context(), v.user.Address)
	if errors.Is(err, directory.ErrNoSecondFactor) {
		return v.redirect("/me/factors")
	}
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, recoveryCodesPage(v.page("me", v.Say("recovery.title")), codes))
}

// A removal is a second factor that is about to be taken away.
type removal struct {
	Name string // of a passkey; "": codes from the app
	ID   string
}

func (v *visit) removeFactorPage() error {
	have, err := v.Directory.SecondFactors(v.context(), v.user.ID)
	if err != nil {
		return err
	}
	going := removal{ID: v.r.URL.Query().Get("passkey")}
	left := len(have.Passkeys)
	for _, key := range have.Passkeys {
		if passkeyID(key) == going.ID {
			going.Name, left = key.Name, left-1
		}
	}
	if going.ID != "" && have.TOTP {
		left++
	}
	if going.ID != "" && going.Name == "" || going.ID == "" && !have.TOTP {
		return v.redirect("/me/factors")
	}
	return v.show(http.StatusOK, removeFactorPage(v.page("me", v.Say("factors.remove")), going, left == 0))
}

func (v *visit) removeFactor() error {
	f, err := v.form()
	if err != nil {
		return err
	}
	if id := f.Raw("passkey"); id != "" {
		raw, decodeErr := base64.RawURLEncoding.DecodeString(id)
		if decodeErr != nil {
			return missing
		}
		err = v.Directory.RemovePasskey(v.context(), v.user.Address, raw)
	} else {
		err = v.Directory.RemoveTOTP(v.context(), v.user.Address)
	}
	switch {
	case errors.Is(err, directory.ErrNoSuchPasskey), errors.Is(err, directory.ErrNoSuchTOTP):
		return v.redirect("/me/factors")
	case err != nil:
		return err
	}
	return v.done("/me/factors", "factors.removed")
}

func passkeyID(p directory.Passkey) string { return base64.RawURLEncoding.EncodeToString(p.ID) }
